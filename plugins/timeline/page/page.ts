import { Refused, type Api } from './api.js';
import { Bar } from './bar.js';
import { Board } from './board.js';
import { showCalls } from './calls.js';
import { openCard } from './card.js';
import { byId } from './dom.js';
import { showEmptyNote } from './empty-note.js';
import { businessDay } from './hours.js';
import { listenToKeys } from './keys.js';
import { Live } from './live.js';
import type { Changes, Draft, Entry, JournalInfo } from './model.js';
import { Store } from './store.js';
import { texts } from './texts.js';
import { toast } from './toasts.js';
import { addDays, weekday, Zone } from './zone.js';

const MINUTE = 60_000;
const NEW_ENTRY_MS = 30 * MINUTE;
/** The days before and after what is seen, so that turning the page shows at once. */
const AROUND = 1;

/** The page as a whole: what the user does goes to the host, what the host says goes to the board. */
export class Page {
  readonly #zone: Zone;
  readonly #store = new Store();
  readonly #board: Board;
  readonly #bar: Bar;
  /** Days whose entries are here. */
  #loaded = { first: '', last: '' };
  #isOnline = true;

  private constructor(
    private readonly api: Api,
    private info: JournalInfo,
  ) {
    this.#zone = new Zone(info.timezone);
    const move = (id: string, resource: string, start: Date, end: Date) => void this.#move(id, resource, start, end);
    this.#board = new Board(
      byId('board', HTMLElement),
      this.#zone,
      {
        open: (id) => this.#open(id),
        pickFree: (resource, time) => this.#create(resource, time),
        move,
        turned: (start, end) => void this.#load(start, end).catch((error: unknown) => toast(this.#words(error), 'problem')),
      },
      info.me.canWrite,
    );
    this.#bar = new Bar(info, {
      day: () => this.#showDay(this.#day()),
      week: () => this.#showWeek(this.#day()),
      today: () => this.#showDay(this.#zone.day(new Date())),
      turn: (pages) => this.#board.turn(pages),
      zoom: (direction) => this.#board.zoom(direction),
      date: (day) => this.#showDay(day),
      create: () => this.#create(),
      filter: (filter) => {
        this.#store.filter = filter;
        this.#draw();
      },
    });
  }

  /** Resolves when the entries of today are shown; what others do is shown from then on. */
  static async open(api: Api): Promise<void> {
    const page = new Page(api, await api.info());
    await page.#start();
  }

  async #start(): Promise<void> {
    this.#showResources();
    const today = this.#zone.day(new Date());
    this.#showDay(today);
    const cursor = await this.#loadDays(addDays(today, -AROUND), addDays(today, AROUND + 1));
    listenToKeys({
      turn: (pages) => this.#board.turn(pages / 4),
      zoom: (direction) => this.#board.zoom(direction),
      today: () => this.#showDay(this.#zone.day(new Date())),
      create: () => this.#create(),
      search: () => this.#bar.focusSearch(),
    });
    document.body.dataset['ready'] = 'yes';
    const live = new Live(this.api, cursor, {
      changes: (changes) => void this.#take(changes),
      online: (isOnline) => this.#showOnline(isOnline),
    });
    void live.run(this.info);
  }

  // what is seen

  #day(): string {
    const { start, end } = this.#board.range();
    return this.#zone.day(new Date((start.getTime() + end.getTime()) / 2));
  }

  #showDay(day: string): void {
    const { from, to } = businessDay(this.info.resources);
    this.#board.show(this.#zone.time(`${day}T${from}`), this.#zone.time(`${day}T${to}`));
    this.#bar.showMode('day');
  }

  #showWeek(day: string): void {
    const monday = addDays(day, 1 - weekday(day));
    this.#board.show(this.#zone.time(`${monday}T00:00`), this.#zone.time(`${addDays(monday, 7)}T00:00`));
    this.#bar.showMode('week');
  }

  async #load(start: Date, end: Date): Promise<void> {
    this.#bar.showDay(this.#day());
    const [first, last] = [this.#zone.day(start), this.#zone.day(end)];
    if (first >= this.#loaded.first && last <= this.#loaded.last) return;
    await this.#loadDays(addDays(first, -AROUND), addDays(last, AROUND));
  }

  async #loadDays(first: string, last: string): Promise<string> {
    this.#loaded = { first, last };
    const to = this.#zone.time(`${addDays(last, 1)}T00:00`);
    const { cursor, entries } = await this.api.entries(this.#zone.time(`${first}T00:00`), to);
    this.#store.add(entries);
    this.#draw();
    return cursor;
  }

  #showResources(): void {
    const { resources } = this.info;
    this.#board.setResources(resources);
    showEmptyNote(!resources.some((one) => !one.archived), this.api.importPath);
  }

  #draw(): void {
    const { resources } = this.info;
    const shared = new Set(resources.filter((resource) => resource.shared).map((resource) => resource.code));
    if (this.#loaded.first) this.#board.setClosed(resources, this.#loaded.first, this.#loaded.last);
    this.#board.setEntries(this.#store.shown(), shared);
  }

  // what others do

  async #take({ entries, calls, resources }: Changes): Promise<void> {
    showCalls(calls, (call) => this.#create(undefined, undefined, { client: call.client, phone: call.phone }));
    if (resources) {
      this.info = await this.api.info();
      this.#showResources();
    }
    const fresh = this.#store.add(entries);
    if (fresh.length > 0 || resources) this.#draw();
    this.#board.flash(fresh.filter((entry) => entry.by !== this.info.me.name).map((entry) => entry.id));
  }

  #showOnline(isOnline: boolean): void {
    byId('offline', HTMLElement).hidden = isOnline;
    if (isOnline && !this.#isOnline) toast(texts.caughtUp);
    this.#isOnline = isOnline;
  }

  // what the user does

  #open(id: string): void {
    const entry = this.#store.get(id);
    if (!entry) return;
    const draft = this.#draftOf(entry);
    openCard({ info: this.info, draft, entry, save: (changed) => this.#change(entry, changed, texts.saved) });
  }

  #create(resource?: string, time?: Date, known: Partial<Draft> = {}): void {
    if (!this.info.me.canWrite) return toast(texts.forbidden, 'problem');
    const start = time ?? new Date(Math.ceil(Date.now() / NEW_ENTRY_MS) * NEW_ENTRY_MS);
    const first = this.info.resources.find((one) => !one.archived);
    if (!first) return toast(texts.noResources, 'problem');
    const id = newId();
    const draft: Draft = {
      resource: resource ?? first.code,
      start: this.#zone.local(start),
      end: this.#zone.local(new Date(start.getTime() + NEW_ENTRY_MS)),
      status: 'waiting',
      client: '',
      phone: '',
      comment: '',
      ...known,
    };
    const save = async (filled: Draft) => {
      const { entry } = await this.api.create(id, filled).catch((error: unknown) => this.#refused(error));
      this.#store.add([entry]);
      this.#draw();
    };
    openCard({ info: this.info, draft, save });
  }

  async #move(id: string, resource: string, start: Date, end: Date): Promise<void> {
    const entry = this.#store.get(id);
    if (!entry) return;
    try {
      await this.#change(entry, { resource, start: start.toISOString(), end: end.toISOString() }, texts.moved);
    } catch (error) {
      // shown where it is now: where it was, or where the other one has put it
      this.#board.redraw(id);
      toast((error as Error).message, 'problem');
    }
  }

  /** Rejects with an error in the user's words. */
  async #change(before: Entry, draft: Partial<Draft>, done: string): Promise<void> {
    const { entry } = await this.api.change(before.id, before.version, draft).catch((error: unknown) => this.#refused(error));
    this.#store.add([entry]);
    this.#draw();
    toast(done, 'info', () => {
      this.#change(entry, this.#draftOf(before), texts.saved).catch((error: Error) => toast(error.message, 'problem'));
    });
  }

  /** Shows the entry that the host tells of, and says in words why it refused. */
  #refused(error: unknown): never {
    if (error instanceof Refused && error.code === 'TIMELINE_VERSION' && error.entry) {
      this.#store.add([error.entry]);
      this.#draw();
    }
    throw new Error(this.#words(error), { cause: error });
  }

  #words(error: unknown): string {
    if (!(error instanceof Refused)) return texts.offline;
    const { code, entry, message } = error;
    if (code === 'TIMELINE_VERSION' && entry) return `${texts.outdated}: ${entry.by}`;
    if (code === 'TIMELINE_OVERLAP' && entry) {
      const span = `${entry.start.slice(11, 16)}–${entry.end.slice(11, 16)}`;
      return `${texts.taken}: ${[entry.resource.name, span, entry.client].filter(Boolean).join(', ')}`;
    }
    if (code === 'FORBIDDEN') return texts.forbidden;
    return `${texts.failed}: ${message}`;
  }

  #draftOf(entry: Entry): Draft {
    return {
      resource: entry.resource.code,
      start: entry.start.slice(0, 16),
      end: entry.end.slice(0, 16),
      status: entry.status,
      client: entry.client,
      phone: entry.phone,
      comment: entry.comment,
    };
  }
}

/** UUID, version 4. `crypto.randomUUID` is there under HTTPS only, and inside of a company the page may be served without. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
