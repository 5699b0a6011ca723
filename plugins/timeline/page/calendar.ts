import { ApiError, newUuid, toast, type Session } from '@sluice/web-ui';
import { entryOf, reasonOf, type CalendarApi } from './api.js';
import { ChangeFeed } from './change-feed.js';
import { difference, draftOf, takenBack } from './drafts.js';
import { daysAhead, freeOn, NEW_ENTRY_MINUTES, type FreeTime } from './free-time.js';
import type { Call, Changes, Draft, Entry, JournalInfo, Resource } from './model.js';
import { Store, type Filter } from './store.js';
import { texts } from './texts.js';
import { addDays, addMinutes, mondayOf, Zone } from './zone.js';

/** Number of days that are loaded before and after the visible ones, so that turning the page is immediate. */
const DAYS_AROUND = 1;
const NO_DAYS = { first: '', last: '' };
/** Time for which entries that others have changed are highlighted. */
const CHANGED_MS = 2_500;
/** Time after which the card of a call disappears. */
const CALL_SHOWN_MS = 10 * 60_000;

export type Mode = 'day' | 'week';

/** The dialog of an entry. */
export interface OpenEntry {
  /** Absent for a new entry. */
  readonly entry?: Entry;
  readonly draft: Draft;
  /** Id of the new entry, or of the existing one. */
  readonly id: string;
  /** Reason why the last attempt failed; empty if there was none. */
  readonly problem: string;
}

/** What the page shows; a new object after each change. */
export interface CalendarState {
  readonly info: JournalInfo;
  readonly mode: Mode;
  /** The selected day. A week is shown around it, and the way back to the day leads to it. */
  readonly day: string;
  readonly today: string;
  readonly filter: Filter;
  /** The loaded entries that match the filter. */
  readonly entries: readonly Entry[];
  /** Entries that other users have changed just now. */
  readonly changed: ReadonlySet<string>;
  readonly calls: readonly Call[];
  readonly isOffline: boolean;
  readonly isLive: boolean;
  readonly isLoading: boolean;
  readonly open: OpenEntry | undefined;
}

/** The state of the page: the selected days, the loaded entries, changes by the user and by others. */
export class Calendar {
  readonly zone: Zone;
  readonly #store = new Store();
  readonly #listeners = new Set<() => void>();
  readonly #knownCalls = new Set<string>();
  #state: CalendarState;
  /** Days whose entries are loaded or being loaded. */
  #loaded = NO_DAYS;
  #feed: ChangeFeed | undefined;

  constructor(
    private readonly api: CalendarApi,
    private readonly session: Session,
    info: JournalInfo,
  ) {
    this.zone = new Zone(info.timezone);
    const today = this.zone.day(new Date());
    // entries with these statuses free their time, so they are hidden at first
    const filter = { text: '', statuses: new Set(info.statuses.filter((status) => status !== 'cancelled')) };
    this.#store.filter = filter;
    this.#state = {
      info,
      mode: 'day',
      day: today,
      today,
      filter,
      entries: [],
      changed: new Set(),
      calls: [],
      isOffline: false,
      isLive: false,
      isLoading: true,
      open: undefined,
    };
  }

  get state(): CalendarState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Loads the entries around today and resolves; from then on changes of other users are shown. */
  async start(): Promise<void> {
    const { today, info } = this.#state;
    const cursor = await this.#load(addDays(today, -DAYS_AROUND), addDays(today, DAYS_AROUND));
    let wasOnline = false;
    this.#feed = new ChangeFeed(this.api, () => this.session.token, cursor, {
      changes: (changes) => this.#take(changes),
      live: (isLive) => this.#set({ isLive }),
      online: (isOnline) => {
        const isBack = isOnline && this.#state.isOffline;
        this.#set({ isOffline: !isOnline });
        if (isBack) this.#loadSeen();
        // before the first success nothing can be restored
        if (isBack && wasOnline) toast(texts.caughtUp);
        wasOnline ||= isOnline;
      },
    });
    void this.#feed.run(info);
  }

  stop(): void {
    this.#feed?.stop();
  }

  // the visible part

  show(mode: Mode, day: string): void {
    this.#set({ mode, day });
    this.#loadSeen();
  }

  showToday(): void {
    this.show(this.#state.mode, this.#state.today);
  }

  /** Turns by days or weeks; a week later the same day of the week is selected. */
  turn(pages: number): void {
    const { mode, day } = this.#state;
    this.show(mode, addDays(day, mode === 'week' ? 7 * pages : pages));
  }

  setFilter(filter: Filter): void {
    this.#store.filter = filter;
    this.#set({ filter, entries: this.#store.shown() });
  }

  /** Reads the clock again: the day may have changed. */
  tick(): void {
    const today = this.zone.day(new Date());
    if (today !== this.#state.today) this.#set({ today });
  }

  #seenDays(): { readonly first: string; readonly last: string } {
    const { mode, day } = this.#state;
    if (mode === 'day') return { first: day, last: day };
    return { first: mondayOf(day), last: addDays(mondayOf(day), 6) };
  }

  #loadSeen(): void {
    const { first, last } = this.#seenDays();
    if (first >= this.#loaded.first && last <= this.#loaded.last) return;
    this.#load(addDays(first, -DAYS_AROUND), addDays(last, DAYS_AROUND)).catch((error: unknown) =>
      toast(reasonOf(error), { tone: 'bad' }),
    );
  }

  async #load(first: string, last: string): Promise<string> {
    const days = { first, last };
    this.#loaded = days;
    this.#set({ isLoading: true });
    try {
      const to = this.zone.time(`${addDays(last, 1)}T00:00`);
      const { cursor, entries } = await this.api.entries(this.zone.time(`${first}T00:00`), to);
      this.#know(entries);
      return cursor;
    } catch (error) {
      // they are loaded again when they become visible, or when the host is reachable again
      if (this.#loaded === days) this.#loaded = NO_DAYS;
      throw error;
    } finally {
      if (this.#loaded === days || this.#loaded === NO_DAYS) this.#set({ isLoading: false });
    }
  }

  #know(entries: readonly Entry[]): Entry[] {
    const fresh = this.#store.add(entries);
    if (fresh.length > 0) this.#set({ entries: this.#store.shown() });
    return fresh;
  }

  // changes of other users

  async #take({ entries, calls, resources }: Changes): Promise<void> {
    if (resources) this.#set({ info: await this.api.info() });
    for (const call of calls) this.#showCall(call);
    const fresh = this.#know(entries);
    this.#flash(fresh.filter((entry) => entry.by !== this.#state.info.me.name));
  }

  #flash(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const ids = entries.map(({ id }) => id);
    this.#set({ changed: new Set([...this.#state.changed, ...ids]) });
    setTimeout(() => {
      const changed = new Set(this.#state.changed);
      for (const id of ids) changed.delete(id);
      this.#set({ changed });
    }, CHANGED_MS);
  }

  #showCall(call: Call): void {
    if (this.#knownCalls.has(call.id)) return;
    this.#knownCalls.add(call.id);
    this.#set({ calls: [...this.#state.calls, call] });
    setTimeout(() => this.dismissCall(call.id), CALL_SHOWN_MS);
  }

  dismissCall(id: string): void {
    this.#set({ calls: this.#state.calls.filter((call) => call.id !== id) });
  }

  // changes by the user

  openEntry(id: string): void {
    const entry = this.#store.get(id);
    if (entry) this.#set({ open: { entry, id, draft: draftOf(entry), problem: '' } });
  }

  /** Opens the form of a new entry at a time, or at the next free time within working hours. */
  async create(at?: FreeTime, known: Partial<Draft> = {}): Promise<void> {
    const { info } = this.#state;
    const [first] = info.resources.filter((resource) => !resource.archived);
    if (!info.me.canWrite || !first) return;
    const { resource, start } = at ?? (await this.#nextFree()) ?? { resource: first.code, start: this.#soon() };
    const end = addMinutes(start, NEW_ENTRY_MINUTES);
    const draft: Draft = { resource, start, end, status: 'waiting', client: '', phone: '', comment: '', ...known };
    this.#set({ open: { id: newUuid(), draft, problem: '' } });
  }

  closeEntry(): void {
    this.#set({ open: undefined });
  }

  /** Saves the form. If the entry has changed meanwhile, the form then shows the changes of the other user together with those of this user. */
  async save(filled: Draft): Promise<void> {
    const { open } = this.#state;
    if (!open) return;
    const { entry, id } = open;
    this.#set({ open: { ...open, problem: '' } });
    const shown = entry && draftOf(entry);
    const changed = shown ? difference(shown, filled) : filled;
    try {
      if (entry) await this.#change(entry, changed, changed.status === 'cancelled' ? texts.cancelled : texts.saved);
      else {
        this.#know([(await this.api.create(id, filled)).entry]);
        toast(texts.created);
      }
      if (this.#state.open?.id === id) this.closeEntry();
    } catch (error) {
      const now = entry && this.#store.get(id);
      if (this.#state.open?.id !== id) toast(reasonOf(error), { tone: 'bad' });
      else if (now && now.version !== entry.version)
        this.#set({ open: { entry: now, id, draft: { ...draftOf(now), ...changed }, problem: reasonOf(error) } });
      else this.#set({ open: { ...open, draft: filled, problem: reasonOf(error) } });
    }
  }

  /** Moves an entry to other local times or to another resource. Resolves also if the move was rejected: the entry then stays. */
  async move(id: string, resource: string, start: string, end: string): Promise<void> {
    const entry = this.#store.get(id);
    if (!entry) return;
    const was = draftOf(entry);
    const iso = (local: string) => this.zone.time(local).toISOString();
    const moved: Partial<Draft> = {
      ...(resource !== was.resource && { resource }),
      ...(start !== was.start && { start: iso(start) }),
      ...(end !== was.end && { end: iso(end) }),
    };
    await this.#change(entry, moved, texts.moved).catch((error: unknown) => toast(reasonOf(error), { tone: 'bad' }));
  }

  async #change(before: Entry, draft: Partial<Draft>, done: string): Promise<void> {
    if (Object.keys(draft).length === 0) return;
    const { entry } = await this.api.change(before.id, before.version, draft).catch((error: unknown) => {
      const now = entryOf(error);
      if (now && error instanceof ApiError && error.code === 'TIMELINE_VERSION') this.#know([now]);
      throw error;
    });
    this.#know([entry]);
    const undo = () => {
      this.#change(entry, takenBack(draft, before), texts.undone).catch((error: unknown) =>
        toast(reasonOf(error), { tone: 'bad' }),
      );
    };
    toast(done, { action: { label: texts.undo, run: undo } });
  }

  #soon(): string {
    const { day, today } = this.#state;
    return day > today ? `${day}T00:00` : this.zone.local(new Date());
  }

  /** Returns the next free time of the shown day, or of a later one. Days that are not loaded are loaded one by one. */
  async #nextFree(): Promise<FreeTime | undefined> {
    const soon = this.#soon();
    const active = this.#active();
    try {
      for (const day of daysAhead(soon)) {
        if (day < this.#loaded.first || day > this.#loaded.last) {
          const { entries } = await this.api.entries(this.zone.time(`${day}T00:00`), this.zone.time(`${addDays(day, 1)}T00:00`));
          this.#know(entries);
        }
        const found = freeOn(day, soon, active, this.#store.all());
        if (found) return found;
      }
    } catch (error) {
      toast(reasonOf(error), { tone: 'bad' });
    }
    return undefined;
  }

  #active(): Resource[] {
    return this.#state.info.resources.filter((resource) => !resource.archived);
  }

  #set(change: Partial<CalendarState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
