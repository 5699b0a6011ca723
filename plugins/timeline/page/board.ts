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
/** Dragged entries snap to multiples of this time. */
const SNAP = 5 * MINUTE;
/** A click on free time selects the quarter of an hour around it. */
const SLOT = 15 * MINUTE;
const CHANGED_SHOWN_MS = 2_500;
/** Frames within which an entry is drawn after it was scrolled into view. */
const MAX_FOCUS_FRAMES = 20;
/** From this number on, items are added while the board shows a distant time. */
const MIN_HIDDEN_ITEMS = 50;
/** A thousand years: a time without entries. */
const OUT_OF_SIGHT_MS = 1_000 * 365 * 24 * HOUR;
/** Heights of a row in pixels. Few rows share the height of the board, up to the maximum. */
const MIN_ROW = 44;
const MAX_ROW = 120;
/** From this height of a row on, a name may take several lines. */
const ROOMY_ROW = 80;
/** Height of the lines with days and hours, in pixels. */
const AXIS = 56;
/** A pointer that moves further, in pixels, drags instead of clicking. */
const MAX_CLICK_MOVE = 5;

export interface BoardEvents {
  readonly open: (id: string) => void;
  readonly pickFree: (resource: string, time: Date) => void;
  readonly move: (id: string, resource: string, start: Date, end: Date) => void;
  /** Called when the board shows another time. */
  readonly turned: () => void;
}

/** The rows of resources with their entries. Entries outside the visible time are not drawn; changes are measured and drawn together. */
export class Board {
  readonly #items = new DataSet<Item>();
  readonly #groups = new DataSet<Group>();
  readonly #timeline: Timeline;
  readonly #drawn = new Map<string, Item>();
  readonly #entries = new Map<string, Entry>();
  /** Elements of entries. They are reused after a change, so that an entry keeps the focus. */
  readonly #elements = new Map<string, HTMLElement>();
  readonly #closed = new Set<string>();
  /** Names of the rows in their order, by the code of the resource. */
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

  /** Moves by a fraction of the visible time: a negative one moves to earlier times. */
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

  /** Marks closed hours of the resources, on the days from the first to the last. */
  setClosed(resources: readonly Resource[], firstDay: string, lastDay: string): void {
    const items = resources.flatMap((resource) =>
      closedBetween(resource, firstDay, lastDay).map(({ from, to }) => this.#background(resource.code, from, to)),
    );
    // an id contains all properties of an item, so existing items need no update
    const ids = new Set(items.map(({ id }) => id));
    const gone = [...this.#closed].filter((id) => !ids.has(id));
    const fresh = items.filter(({ id }) => !this.#closed.has(id));
    for (const id of gone) this.#closed.delete(id);
    for (const { id } of fresh) this.#closed.add(id);
    this.#put(gone, fresh);
  }

  /** Draws exactly these entries; only different ones are updated. */
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

  /** Moves an item back to its place before the drag. */
  redraw(id: string): void {
    const item = this.#drawn.get(id);
    if (item) this.#items.update([item]);
  }

  /** Focuses an entry as soon as it is drawn. Gives up after the given number of frames. */
  focus(id: string, frames = MAX_FOCUS_FRAMES): void {
    requestAnimationFrame(() => {
      const element = this.#elements.get(id);
      element?.focus();
      if (document.activeElement !== element && frames > 1) this.focus(id, frames - 1);
    });
  }

  /** Highlights entries that other users have changed for a moment. */
  flash(ids: readonly string[]): void {
    const items = ids.flatMap((id) => this.#drawn.get(id) ?? []);
    this.#items.update(items.map((item) => ({ ...item, className: `${item.className} changed` })));
    setTimeout(() => this.#items.update(ids.flatMap((id) => this.#drawn.get(id) ?? [])), CHANGED_SHOWN_MS);
  }

  /** Sets the height of the rows so that they fill the board. */
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
    if (items.length >= MIN_HIDDEN_ITEMS) this.#outOfSight(() => this.#items.update(items));
    else if (items.length > 0) this.#items.update(items);
  }

  /**
   * Makes a change while the board shows a distant time. vis-timeline recalculates the layout for each item that is added to the visible
   * time, even in rows that are scrolled away. Items that exist when a time becomes visible are measured together, without the hidden rows.
   */
  #outOfSight(change: () => void): void {
    const { start, end } = this.range();
    this.#isAway = true;
    this.show(new Date(start.getTime() - OUT_OF_SIGHT_MS), new Date(end.getTime() - OUT_OF_SIGHT_MS));
    change();
    // still before the browser draws, so the other time is never visible
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

  /**
   * Returns the time in the zone of the booking calendar. vis-timeline passes all arguments that moment accepts: dates, texts, and undefined for
   * now.
   */
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
    // hidden rows are not drawn, but their names are; vis-timeline scrolls with the names
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

  /** Returns elements instead of HTML, because the name of a client may contain any text. */
  #content(item: Item): HTMLElement {
    const entry = this.#entries.get(item.id);
    if (!entry) return el('span');
    const known = this.#elements.get(item.id);
    const shown = known ?? el('div', { className: 'entry', tabIndex: 0, role: 'button' });
    this.#elements.set(item.id, shown);
    const span = `${entry.start.slice(11, 16)}–${entry.end.slice(11, 16)}`;
    // below each other: half an hour is as wide as a thumb, which is enough for both
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
    // without such an entry the arrow key turns the page
    if (beside === undefined) return;
    event.preventDefault();
    this.#bringIntoSight(beside);
    this.focus(beside);
  }
}

/** Returns a function that reports whether the pointer moved while it was pressed: vis-timeline reports some drags as clicks. */
function watchPointer(container: HTMLElement): () => boolean {
  let [down, up] = [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ];
  container.addEventListener('pointerdown', ({ x, y }) => (down = up = { x, y }), { capture: true });
  container.addEventListener('pointerup', ({ x, y }) => (up = { x, y }), { capture: true });
  return () => Math.hypot(up.x - down.x, up.y - down.y) > MAX_CLICK_MOVE;
}

function itemOf(entry: Entry, lane: number | undefined): Item {
  return {
    id: entry.id,
    group: entry.resource.code,
    start: new Date(entry.start),
    end: new Date(entry.end),
    // vis-timeline calls the template again only after a change of this text
    content: `${entry.version}`,
    type: 'range',
    className: `status-${entry.status}`,
    ...(lane !== undefined && { subgroup: String(lane) }),
  };
}

function isSame(item: Item, drawn: Item | undefined): boolean {
  return drawn !== undefined && drawn.content === item.content && drawn.subgroup === item.subgroup && drawn.group === item.group;
}
