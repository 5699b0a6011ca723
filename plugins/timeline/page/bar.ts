import { button, byId, el } from './dom.js';
import { menu } from './menu.js';
import type { JournalInfo, Status } from './model.js';
import type { Filter } from './store.js';
import { switchLanguage, texts } from './texts.js';

export type Mode = 'day' | 'week';

export interface BarEvents {
  readonly mode: (mode: Mode) => void;
  readonly today: () => void;
  readonly turn: (pages: number) => void;
  readonly zoom: (direction: 'in' | 'out') => void;
  readonly date: (day: string) => void;
  readonly create: () => void;
  readonly filter: (filter: Filter) => void;
}

/** The toolbar above the board. */
export class Bar {
  readonly #date = el('input', { type: 'date', ariaLabel: texts.date });
  readonly #search = el('input', {
    type: 'search',
    placeholder: texts.search,
    ariaLabel: `${texts.search}: ${texts.searchHelp}`,
    title: texts.searchHelp,
  });
  readonly #found = el('output', { className: 'found' });
  readonly #chosen: Set<Status>;
  readonly #modes = {
    day: button(texts.day, () => this.events.mode('day')),
    week: button(texts.week, () => this.events.mode('week')),
  };

  constructor(
    info: JournalInfo,
    private readonly events: BarEvents,
  ) {
    // entries with these statuses free their time and lie below other entries, so they are hidden by default
    this.#chosen = new Set(info.statuses.filter((status) => status !== 'cancelled'));
    this.#date.onchange = () => this.#date.value && events.date(this.#date.value);
    this.#search.oninput = () => events.filter(this.filter);
    const sign = (text: string, label: string, act: () => void) => button(text, act, { ariaLabel: label, title: label });
    byId('bar', HTMLElement).replaceChildren(
      el('h1', {}, texts.title),
      el('div', { className: 'group' }, this.#modes.day, this.#modes.week),
      el(
        'div',
        { className: 'group' },
        sign('‹', texts.earlier, () => events.turn(-1)),
        button(texts.today, () => events.today()),
        sign('›', texts.later, () => events.turn(1)),
      ),
      this.#date,
      el(
        'div',
        { className: 'group zoom' },
        sign('−', texts.zoomOut, () => events.zoom('out')),
        sign('+', texts.zoomIn, () => events.zoom('in')),
      ),
      el('div', { className: 'search' }, this.#search, this.#found),
      this.#statuses(info.statuses),
      info.me.canWrite ? shrinking('primary', texts.newEntry, '+', () => events.create()) : el('em', {}, texts.readOnly),
      shrinking('plain', texts.language, texts.languageShort, switchLanguage),
      el('span', { className: 'me' }, info.me.name),
    );
  }

  get filter(): Filter {
    return { text: this.#search.value, statuses: this.#chosen };
  }

  showDay(day: string): void {
    this.#date.value = day;
  }

  showMode(mode: Mode): void {
    for (const [name, one] of Object.entries(this.#modes)) one.ariaPressed = String(name === mode);
  }

  /** Shows the number of found entries; undefined hides it. */
  showFound(count: number | undefined): void {
    this.#found.textContent = count === undefined ? '' : count === 0 ? texts.notFound : `${texts.found}: ${count}`;
  }

  focusSearch(): void {
    this.#search.focus();
  }

  #statuses(statuses: readonly Status[]): HTMLElement {
    const boxes = statuses.map((status) => {
      const box = el('input', { type: 'checkbox', checked: this.#chosen.has(status) });
      box.onchange = () => {
        if (box.checked) this.#chosen.add(status);
        else this.#chosen.delete(status);
        this.events.filter(this.filter);
      };
      return el('label', {}, box, el('i', { className: `status-${status}` }), texts.statusNames[status]);
    });
    return menu('statuses', texts.statuses, boxes);
  }
}

/** A button that shows only a symbol on a telephone; its accessible name stays. */
function shrinking(className: string, text: string, sign: string, act: () => void): HTMLElement {
  const shown = button('', act, { className, ariaLabel: text });
  shown.append(el('span', { className: 'wide' }, text), el('span', { className: 'narrow', ariaHidden: 'true' }, sign));
  return shown;
}

/** Explains the colours of the statuses. */
export function legend(statuses: readonly Status[]): HTMLElement {
  const rows = statuses.map((status) => el('span', {}, el('i', { className: `status-${status}` }), texts.statusNames[status]));
  return el('div', { className: 'legend', role: 'note' }, ...rows);
}
