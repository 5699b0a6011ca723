import type { Api } from './api.js';
import { Bar, legend, type Mode } from './bar.js';
import { Board } from './board.js';
import { showCalls } from './calls.js';
import { byId, el } from './dom.js';
import { Editing } from './editing.js';
import { showEmptyNote } from './empty-note.js';
import { businessDay, partOfDay } from './hours.js';
import { listenToKeys } from './keys.js';
import { Live } from './live.js';
import type { Changes, Entry, JournalInfo } from './model.js';
import { inWords } from './refusal.js';
import { Store } from './store.js';
import { texts } from './texts.js';
import { toast } from './toasts.js';
import { addDays, weekday, Zone } from './zone.js';

/** Number of days that are loaded before and after the visible ones, so that turning the page is immediate. */
const DAYS_AROUND = 1;
const NO_DAYS = { first: '', last: '' };
const NARROW = matchMedia('(max-width: 640px)');

/** The whole page: the visible part of the booking calendar, and changes of other users. */
export class Page {
  readonly #zone: Zone;
  readonly #store = new Store();
  readonly #board: Board;
  readonly #bar: Bar;
  readonly #editing: Editing;
  #mode: Mode = 'day';
  /** The day that was visible before the week. */
  #cameFrom = '';
  /** Days whose entries are loaded or being loaded. */
  #loaded = NO_DAYS;
  #isOnline = true;
  /** False until the first changes have arrived: before that the connection cannot be restored. */
  #wasOnline = false;

  private constructor(
    private readonly api: Api,
    private info: JournalInfo,
  ) {
    this.#zone = new Zone(info.timezone);
    this.#editing = new Editing(api, this.#store, this.#zone, () => this.info, {
      known: (entry) => this.#know([entry]),
      stays: (id) => this.#board.redraw(id),
      closed: (id) => this.#board.focus(id),
    });
    this.#board = new Board(
      byId('board', HTMLElement),
      this.#zone,
      {
        open: (id) => this.#editing.open(id),
        pickFree: (resource, time) => this.#editing.create(resource, time),
        move: (id, resource, start, end) => void this.#editing.move(id, resource, start, end),
        turned: () => this.#turned(),
      },
      info.me.canWrite,
    );
    this.#bar = new Bar(info, {
      mode: (mode) => this.#show(mode, mode === 'day' ? this.#dayOfWeek() : this.#day()),
      today: () => this.#show(this.#mode, this.#today()),
      turn: (pages) => this.#turn(pages),
      zoom: (direction) => this.#board.zoom(direction),
      date: (day) => this.#show(this.#mode, day),
      create: () => this.#editing.create(),
      filter: (filter) => {
        this.#store.filter = filter;
        this.#draw();
      },
    });
    this.#store.filter = this.#bar.filter;
  }

  /** Opens the page. Resolves when it shows the entries of today; from then on it shows changes of other users. */
  static async open(api: Api): Promise<void> {
    const page = new Page(api, await api.info());
    await page.#start();
  }

  async #start(): Promise<void> {
    this.#showResources();
    const today = this.#today();
    this.#show('day', today);
    const cursor = await this.#loadDays(addDays(today, -DAYS_AROUND), addDays(today, DAYS_AROUND + 1));
    listenToKeys({
      turn: (pages) => this.#board.turn(pages / 4),
      zoom: (direction) => this.#board.zoom(direction),
      today: () => this.#show(this.#mode, this.#today()),
      create: () => this.#editing.create(),
      search: () => this.#bar.focusSearch(),
    });
    byId('help', HTMLElement).replaceChildren(el('span', {}, texts.help), legend(this.info.statuses));
    document.body.dataset['ready'] = 'yes';
    const live = new Live(this.api, cursor, {
      changes: (changes) => this.#take(changes),
      online: (isOnline) => this.#showOnline(isOnline),
    });
    void live.run(this.info);
  }

  // the visible part

  #today(): string {
    return this.#zone.day(new Date());
  }

  /** Returns the day in the middle of the visible time. */
  #day(): string {
    const { start, end } = this.#board.range();
    return this.#zone.day(new Date((start.getTime() + end.getTime()) / 2));
  }

  /** Returns the day to show after a week: the day before the week was opened or today if they are in this week, otherwise Monday. */
  #dayOfWeek(): string {
    if (this.#mode !== 'week') return this.#day();
    const monday = mondayOf(this.#day());
    const wanted = [this.#cameFrom, this.#today()].find((day) => day !== '' && mondayOf(day) === monday);
    return wanted ?? monday;
  }

  #show(mode: Mode, day: string): void {
    if (mode === 'week' && this.#mode === 'day') this.#cameFrom = day;
    this.#mode = mode;
    this.#bar.showMode(mode);
    if (mode === 'week') {
      const monday = mondayOf(day);
      this.#board.show(this.#zone.time(`${monday}T00:00`), this.#zone.time(`${addDays(monday, 7)}T00:00`));
    } else {
      const whole = businessDay(this.info.resources);
      const now = day === this.#today() ? this.#zone.local(new Date()).slice(11) : whole.from;
      const { from, to } = NARROW.matches ? partOfDay(whole, now) : whole;
      this.#board.show(this.#zone.time(`${day}T${from}`), this.#zone.time(`${day}T${to}`));
    }
  }

  /** Turns by days or weeks, to the same hours. */
  #turn(pages: number): void {
    const days = this.#mode === 'week' ? 7 * pages : pages;
    const { start, end } = this.#board.range();
    this.#board.show(this.#zone.later(start, days), this.#zone.later(end, days));
  }

  #turned(): void {
    this.#bar.showDay(this.#day());
    this.#showFound();
    this.#loadSeen();
  }

  #loadSeen(): void {
    const { start, end } = this.#board.range();
    const [first, last] = [this.#zone.day(start), this.#zone.day(end)];
    if (first >= this.#loaded.first && last <= this.#loaded.last) return;
    this.#loadDays(addDays(first, -DAYS_AROUND), addDays(last, DAYS_AROUND)).catch((error: unknown) =>
      toast(inWords(error), 'problem'),
    );
  }

  async #loadDays(first: string, last: string): Promise<string> {
    const days = { first, last };
    this.#loaded = days;
    try {
      const to = this.#zone.time(`${addDays(last, 1)}T00:00`);
      const { cursor, entries } = await this.api.entries(this.#zone.time(`${first}T00:00`), to);
      this.#know(entries);
      return cursor;
    } catch (error) {
      // they are loaded again when they become visible, or when the host is reachable again
      if (this.#loaded === days) this.#loaded = NO_DAYS;
      throw error;
    }
  }

  #showResources(): void {
    const { resources } = this.info;
    this.#board.setResources(resources);
    showEmptyNote(!resources.some((one) => !one.archived));
  }

  #know(entries: readonly Entry[]): void {
    this.#store.add(entries);
    this.#draw();
  }

  #draw(): void {
    const { resources } = this.info;
    const shared = new Set(resources.filter((resource) => resource.shared).map((resource) => resource.code));
    if (this.#loaded.first) this.#board.setClosed(resources, this.#loaded.first, this.#loaded.last);
    this.#board.setEntries(this.#store.shown(), shared);
    this.#showFound();
  }

  #showFound(): void {
    const { start, end } = this.#board.range();
    this.#bar.showFound(this.#store.filter.text.trim() ? this.#store.shownBetween(start, end).length : undefined);
  }

  // changes of other users

  async #take({ entries, calls, resources }: Changes): Promise<void> {
    if (resources) {
      this.info = await this.api.info();
      this.#showResources();
    }
    showCalls(calls, ({ client, phone }) => this.#editing.create(undefined, undefined, { client, phone }), this.info.me.canWrite);
    const fresh = this.#store.add(entries);
    if (fresh.length > 0 || resources) this.#draw();
    this.#board.flash(fresh.filter((entry) => entry.by !== this.info.me.name).map((entry) => entry.id));
  }

  #showOnline(isOnline: boolean): void {
    const banner = byId('offline', HTMLElement);
    banner.hidden = isOnline;
    banner.textContent = isOnline ? '' : texts.offline;
    if (isOnline && !this.#isOnline) {
      if (this.#wasOnline) toast(texts.caughtUp);
      this.#loadSeen();
    }
    this.#isOnline = isOnline;
    this.#wasOnline ||= isOnline;
  }
}

function mondayOf(day: string): string {
  return addDays(day, 1 - weekday(day));
}
