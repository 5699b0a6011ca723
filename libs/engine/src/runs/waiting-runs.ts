import type { Clock, Timer } from '@sluice/plugin-api';
import type { Journal, JournalEntry } from '../ports/store.js';

/** A run gets a `waiting` entry when it has waited outside of this host for longer than this. */
export const MIN_WAIT_MS = 2_000;
/** Maximum runs that are remembered; above it the one that has waited longest gets its entry at once. */
const MAX_WAITING_RUNS = 50_000;

/**
 * Writes an entry of the journal for each run that waits outside of this host, such as in a queue of calls, for longer than
 * {@link MIN_WAIT_MS}, so that `find` can show what the run waits for. A run whose call is shorter costs no entry. A run that continues on
 * another host keeps its entry although it waits no longer; its end is the later state.
 */
export class WaitingRuns {
  /** By run, in the order in which their waits began. */
  readonly #waits = new Map<string, { readonly entry: JournalEntry; readonly since: number }>();
  #timer: Timer | undefined;

  constructor(
    private readonly journal: Pick<Journal, 'write'>,
    private readonly clock: Clock,
  ) {}

  /** Remembers a run that leaves this host to wait. @param entry of the kind `waiting` */
  add(entry: JournalEntry): void {
    this.#waits.delete(entry.run);
    this.#waits.set(entry.run, { entry, since: this.clock.monotonic() });
    if (this.#waits.size > MAX_WAITING_RUNS) this.#writeFirst();
    this.#timer ??= this.#later(MIN_WAIT_MS);
  }

  /** Forgets a run that continues on this host. */
  remove(run: string): void {
    this.#waits.delete(run);
  }

  /** Writes the entries of all remembered runs: this host ends. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#waits.size > 0) this.#writeFirst();
  }

  #later(ms: number): Timer {
    return this.clock.after(ms, () => this.#writeDue()).unref();
  }

  #writeDue(): void {
    const now = this.clock.monotonic();
    let inMs: number | undefined;
    for (const [, { since }] of this.#waits) {
      inMs = since + MIN_WAIT_MS - now;
      if (inMs > 0) break;
      this.#writeFirst();
      inMs = undefined;
    }
    // one timer for many runs: those that leave within a quarter of the time share it
    this.#timer = inMs === undefined ? undefined : this.#later(Math.max(inMs, MIN_WAIT_MS / 4));
  }

  #writeFirst(): void {
    for (const [run, { entry }] of this.#waits) {
      this.#waits.delete(run);
      return this.journal.write(entry);
    }
  }
}
