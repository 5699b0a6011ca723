import type { Clock, Timer } from '@sluice/plugin-api';
import type { Journal, JournalEntry } from '../ports/store.js';

/** A run gets a `waiting` entry when it is away for longer than this. */
export const MIN_AWAY_MS = 2_000;
/** Maximum runs that are remembered; above it the one that has been away longest gets its entry at once. */
const MAX_AWAY_RUNS = 50_000;

/**
 * Writes an entry of the journal for each run that has been away from this host for longer than {@link MIN_AWAY_MS}, so that `find` can show
 * what it waits for. A run whose call is shorter costs no entry. A run that continues on another host keeps its entry although it waits no
 * longer; its end is the later state.
 */
export class AwayRuns {
  /** By run, the one that left first is first. */
  readonly #away = new Map<string, { readonly entry: JournalEntry; readonly since: number }>();
  #timer: Timer | undefined;

  constructor(
    private readonly journal: Pick<Journal, 'write'>,
    private readonly clock: Clock,
  ) {}

  /** Remembers a run that leaves this host. @param entry of the kind `waiting` */
  left(entry: JournalEntry): void {
    this.#away.delete(entry.run);
    this.#away.set(entry.run, { entry, since: this.clock.monotonic() });
    if (this.#away.size > MAX_AWAY_RUNS) this.#writeFirst();
    this.#timer ??= this.#later(MIN_AWAY_MS);
  }

  /** Forgets a run that continues on this host. */
  returned(run: string): void {
    this.#away.delete(run);
  }

  /** Writes the entries of all runs that are away: this host ends. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#away.size > 0) this.#writeFirst();
  }

  #later(ms: number): Timer {
    return this.clock.after(ms, () => this.#writeDue()).unref();
  }

  #writeDue(): void {
    const now = this.clock.monotonic();
    let inMs: number | undefined;
    for (const [, { since }] of this.#away) {
      inMs = since + MIN_AWAY_MS - now;
      if (inMs > 0) break;
      this.#writeFirst();
      inMs = undefined;
    }
    // one timer for many runs: those that leave within a quarter of the time share it
    this.#timer = inMs === undefined ? undefined : this.#later(Math.max(inMs, MIN_AWAY_MS / 4));
  }

  #writeFirst(): void {
    for (const [run, { entry }] of this.#away) {
      this.#away.delete(run);
      return this.journal.write(entry);
    }
  }
}
