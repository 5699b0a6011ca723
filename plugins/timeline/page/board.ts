import { DataSet, moment, Timeline, type Group, type Item, type Moment } from './vendor/vis-timeline.js';
import { el } from './dom.js';
import { dragInAllDirections } from './drag-directions.js';
import { followFocus } from './focus-scroll.js';
import { closedBetween } from './hours.js';
import { lanes } from './lanes.js';
import type { Entry, Resource } from './model.js';
import { neighbour } from './keyboard-navigation.js';
import { language, texts } from './texts.js';
import type { Zone } from './zone.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Entries begin and end on it when they are dragged. */
const SNAP = 5 * MINUTE;
/** A click on free time means the quarter of an hour in which it falls. */
const SLOT = 15 * MINUTE;
const CHANGED_SHOWN_MS = 2_500;
/** In so many frames what has just come into sight is drawn. */
const FOCUS_FRAMES = 20;
/** From so many on, items are put in out of sight. */
const MANY = 50;
/** A thousand years, to where nobody is booked. */
const OUT_OF_SIGHT_MS = 1_000 * 365 * 24 * HOUR;
/** Heights of a row in pixels: few rows share the height of the board, up to the largest. */
const MIN_ROW = 44;
const MAX_ROW = 120;
/** From this height on a name may take several lines. */
const ROOMY_ROW = 80;
/** Of the lines with days and hours, in pixels. */
const AXIS = 56;
/** A pointer that went further, in pixels, has dragged and not clicked. */
const STILL = 5;

export interface BoardEvents {
  readonly open: (id: string) => void;
  readonly pickFree: (resource: string, time: Date) => void;
  readonly move: (id: string, resource: string, start: Date, end: Date) => void;
  /** Another time is seen. */
  readonly turned: () => void;
}

/** The rows of resources with their entries. What is out of sight is not drawn, and all that changes at once is measured and drawn at once. */
export class Board {
  readonly #items = new DataSet<Item>();
  readonly #groups = new DataSet<Group>();
  readonly #timeline: Timeline;
  readonly #drawn = new Map<string, Item>();
  readonly #entries = new Map<string, Entry>();
  /** Kept when an entry is changed, so that it keeps the focus. */
  readonly #elements = new Map<string, HTMLElement>();
  readonly #closed = new Set<string>();
  /** What stands before the rows, in their order, by the resources' codes. */
  #names: ReadonlyMap<string, HTMLElement> = new Map();
  #isAway = false;

  constructor(
    private readonly container: HTMLElement,
    private readonly zone: Zone,
    private readonly events: BoardEvents,
    canWrite: boolean,
  ) {
    this.#timeline = new Timeline(container, this.#items, this.#groups, this.#options(canWrite));
    dragInAllDirections(this.#timeline);
    followFocus(container);
    new ResizeObserver(() => this.#fitRows()).observe(container);
    const hasMoved = watchPointer(container);
    this.#timeline.on('click', ({ item, group, time, what }) => {
      if (hasMoved()) return;
      if (item !== null && this.#entries.has(item)) events.open(item);
      else if (group !== null && canWrite && what === 'background')
        events.pickFree(group, new Date(Math.floor(time.getTime() / SLOT) * SLOT));
    });
    this.#timeline.on('rangechanged', () => {
      if (!this.#isAway) events.turned();
    });
  }

  show(start: Date, end: Date): void {
    this.#timeline.setWindow(start, end, { animation: false });
  }

  range(): { readonly start: Date; readonly end: Date } {
    return this.#timeline.getWindow();
  }

  /** By a part of what is seen: negative is earlier. */
  turn(part: number): void {
    const { start, end } = this.range();
    const by = (end.getTime() - start.getTime()) * part;
    this.show(new Date(start.getTime() + by), new Date(end.getTime() + by));
  }

  zoom(direction: 'in' | 'out'): void {
    if (direction === 'in') this.#timeline.zoomIn(0.4);
    else this.#timeline.zoomOut(0.4);
  }

  setResources(resources: readonly Resource[]): void {
    const shown = resources.filter((resource) => !resource.archived);
    const names = new Map(shown.map(({ code, name }) => [code, el('span', { title: name }, name)]));
    this.#groups.remove([...this.#names.keys()].filter((code) => !names.has(code)));
    this.#groups.update([...names].map(([id, content], order) => ({ id, order, content })));
    this.#names = names;
    this.#fitRows();
  }

  /** Greys the hours at which resources are not to be booked, on the days from the first to the last. */
  setClosed(resources: readonly Resource[], firstDay: string, lastDay: string): void {
    const items = resources.flatMap((resource) =>
      closedBetween(resource, firstDay, lastDay).map(({ from, to }) => this.#background(resource.code, from, to)),
    );
    // their ids say all of them: those that are there already are as they should be
    const ids = new Set(items.map(({ id }) => id));
    const gone = [...this.#closed].filter((id) => !ids.has(id));
    const fresh = items.filter(({ id }) => !this.#closed.has(id));
    for (const id of gone) this.#closed.delete(id);
    for (const { id } of fresh) this.#closed.add(id);
    this.#put(gone, fresh);
  }

  /** Draws these entries and no others; only what is different is touched. */
  setEntries(entries: readonly Entry[], shared: ReadonlySet<string>): void {
    const items = this.#placed(entries, shared);
    const ids = new Set(items.map(({ id }) => id));
    const gone = [...this.#drawn.keys()].filter((id) => !ids.has(id));
    const different = items.filter((item) => !isSame(item, this.#drawn.get(item.id)));
    this.#entries.clear();
    for (const entry of entries) this.#entries.set(entry.id, entry);
    for (const id of gone) {
      this.#drawn.delete(id);
      this.#elements.delete(id);
    }
    for (const item of different) this.#drawn.set(item.id, item);
    this.#put(gone, different);
  }

  /** Puts an item back to where it was before it was dragged. */
  redraw(id: string): void {
    const item = this.#drawn.get(id);
    if (item) this.#items.update([item]);
  }

  /** As soon as the entry is drawn, unless that takes long. */
  focus(id: string, frames = FOCUS_FRAMES): void {
    requestAnimationFrame(() => {
      const element = this.#elements.get(id);
      element?.focus();
      if (document.activeElement !== element && frames > 1) this.focus(id, frames - 1);
    });
  }

  /** Shows for a moment that others have changed these. */
  flash(ids: readonly string[]): void {
    const items = ids.flatMap((id) => this.#drawn.get(id) ?? []);
    this.#items.update(items.map((item) => ({ ...item, className: `${item.className} changed` })));
    setTimeout(() => this.#items.update(ids.flatMap((id) => this.#drawn.get(id) ?? [])), CHANGED_SHOWN_MS);
  }

  /** Makes the rows as high as all of them have room for. */
  #fitRows(): void {
    const room = (this.container.clientHeight - AXIS) / Math.max(1, this.#names.size);
    const row = Math.round(Math.min(MAX_ROW, Math.max(MIN_ROW, room)));
    if (this.container.style.getPropertyValue('--row') === `${row}px`) return;
    this.container.style.setProperty('--row', `${row}px`);
    this.container.classList.toggle('roomy', row >= ROOMY_ROW);
    this.#timeline.redraw();
  }

  #put(gone: readonly string[], items: readonly Item[]): void {
    if (gone.length > 0) this.#items.remove(gone);
    if (items.length >= MANY) this.#outOfSight(() => this.#items.update(items));
    else if (items.length > 0) this.#items.update(items);
  }

  /**
   * vis-timeline lays the page out anew for each single item that is put into the time that is seen, even in rows that are scrolled away. What
   * is there already when a time comes into sight it measures together, and leaves out the rows that are not seen.
   */
  #outOfSight(change: () => void): void {
    const { start, end } = this.range();
    this.#isAway = true;
    this.show(new Date(start.getTime() - OUT_OF_SIGHT_MS), new Date(end.getTime() - OUT_OF_SIGHT_MS));
    change();
    // before the browser draws: nobody sees that it was away
    this.show(start, end);
    this.#isAway = false;
  }

  #options(canWrite: boolean): object {
    return {
      stack: false,
      stackSubgroups: true,
      orientation: { axis: 'top', item: 'top' },
      margin: { axis: 4, item: { horizontal: 0, vertical: 3 } },
      height: '100%',
      verticalScroll: true,
      zoomKey: 'ctrlKey',
      zoomMin: HOUR,
      zoomMax: 31 * 24 * HOUR,
      showCurrentTime: true,
      selectable: false,
      editable: { add: false, remove: false, updateTime: canWrite, updateGroup: canWrite, overrideItems: false },
      itemsAlwaysDraggable: { item: canWrite, range: canWrite },
      groupOrder: 'order',
      groupHeightMode: 'auto',
      locale: language,
      showTooltips: false,
      moment: (time: unknown) => this.#inZone(time),
      snap: (time: Date) => this.#snapped(time),
      onMove: (item: Item, done: (item: Item | null) => void) => {
        done(item);
        this.events.move(item.id, item.group, item.start, item.end);
      },
      template: (item: Item) => this.#content(item),
    };
  }

  /** vis-timeline asks with whatever moment takes: dates, texts, and nothing for now. */
  #inZone(time: unknown): Moment {
    const made = moment(time);
    return made.utcOffset(this.zone.offset(made.valueOf())).locale(language);
  }

  #snapped(time: Date): Date {
    return new Date(Math.round(time.getTime() / SNAP) * SNAP);
  }

  #bringIntoSight(id: string): void {
    const item = this.#drawn.get(id);
    if (!item) return;
    const { start, end } = this.range();
    if (item.start < start || item.end > end) this.#timeline.moveTo(item.start, { animation: false });
    // rows that are scrolled away are not drawn, but their names are; vis-timeline follows their scrolling
    this.#names.get(item.group)?.closest('.vis-label')?.scrollIntoView({ block: 'nearest' });
  }

  #placed(entries: readonly Entry[], shared: ReadonlySet<string>): Item[] {
    const inLanes = new Map<string, number>();
    for (const code of shared) {
      const own = entries.filter((entry) => entry.resource.code === code);
      const spans = own.map(({ id, start, end }) => ({ id, start: Date.parse(start), end: Date.parse(end) }));
      for (const [id, lane] of lanes(spans)) inLanes.set(id, lane);
    }
    return entries.map((entry) => itemOf(entry, inLanes.get(entry.id)));
  }

  #background(code: string, from: string, to: string): Item {
    return {
      id: `closed ${code} ${from} ${to}`,
      group: code,
      start: this.zone.time(from),
      end: this.zone.time(to),
      type: 'background',
      content: '',
      className: 'closed',
    };
  }

  /** Elements and no HTML: a client may be called what he likes. */
  #content(item: Item): HTMLElement {
    const entry = this.#entries.get(item.id);
    if (!entry) return el('span');
    const known = this.#elements.get(item.id);
    const shown = known ?? el('div', { className: 'entry', tabIndex: 0, role: 'button' });
    this.#elements.set(item.id, shown);
    const span = `${entry.start.slice(11, 16)}–${entry.end.slice(11, 16)}`;
    // below each other: there is room for both where half an hour is as wide as a thumb
    shown.replaceChildren(
      el('b', {}, entry.client || texts.entry),
      el('span', {}, [span, entry.phone].filter(Boolean).join(' ')),
    );
    shown.ariaLabel = [entry.resource.name, span, entry.client, entry.phone, texts.statusNames[entry.status]]
      .filter(Boolean)
      .join(', ');
    shown.title = [span, entry.client, entry.phone, entry.comment, entry.note].filter(Boolean).join('\n');
    shown.dataset['entry'] = entry.id;
    shown.onkeydown = (event) => this.#pressed(event, entry);
    return shown;
  }

  #pressed(event: KeyboardEvent, entry: Entry): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.events.open(entry.id);
      return;
    }
    const beside = neighbour([...this.#drawn.values()], [...this.#names.keys()], entry.id, event.key);
    // where there is none, the arrow turns the page
    if (beside === undefined) return;
    event.preventDefault();
    this.#bringIntoSight(beside);
    this.focus(beside);
  }
}

/** Tells whether the pointer has moved since it was pressed: vis-timeline takes some drags for clicks. */
function watchPointer(container: HTMLElement): () => boolean {
  let [down, up] = [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ];
  container.addEventListener('pointerdown', ({ x, y }) => (down = up = { x, y }), { capture: true });
  container.addEventListener('pointerup', ({ x, y }) => (up = { x, y }), { capture: true });
  return () => Math.hypot(up.x - down.x, up.y - down.y) > STILL;
}

function itemOf(entry: Entry, lane: number | undefined): Item {
  return {
    id: entry.id,
    group: entry.resource.code,
    start: new Date(entry.start),
    end: new Date(entry.end),
    // what the template shows is compared by it
    content: `${entry.version}`,
    type: 'range',
    className: `status-${entry.status}`,
    ...(lane !== undefined && { subgroup: String(lane) }),
  };
}

function isSame(item: Item, drawn: Item | undefined): boolean {
  return drawn !== undefined && drawn.content === item.content && drawn.subgroup === item.subgroup && drawn.group === item.group;
}
