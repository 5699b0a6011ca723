import { engineFail, isSluiceError, pause, type Clock, type Log } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import type { HeldEvent, HeldStart, LaneOwner, LaneRun, LaneStore, LaneTurn, LaneWrites, RunPass } from '../ports/lanes.js';

const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 ** 2;
/** Pause before a write is repeated that the database did not take, in milliseconds. */
const AGAIN_MS = 500;

type Change =
  | { readonly kind: 'taken'; readonly run: LaneRun }
  | { readonly kind: 'moved'; readonly from: LaneRun; readonly to: RunPass; readonly ended: readonly LaneRun[] }
  | { readonly kind: 'held'; readonly event: HeldEvent }
  | { readonly kind: 'away'; readonly run: LaneRun }
  | { readonly kind: 'turn'; readonly turn: LaneTurn; readonly ended: readonly LaneRun[] };

interface Pending {
  readonly change: Change;
  readonly resolve: (starts: readonly HeldStart[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface LaneWriterDeps {
  readonly store: LaneStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Called when another host owns the lanes. */
  readonly lost: () => void;
}

/**
 * Writes the lanes of one owner: one batch at a time, each in one transaction. Changes that arrive meanwhile belong to the next batch. While
 * the database is away the writes wait, until the writer is closed.
 */
export class LaneWriter {
  #pending: Pending[] = [];
  #writing = false;
  #written: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(
    private readonly owner: LaneOwner,
    private readonly deps: LaneWriterDeps,
  ) {}

  /** Records that the lane is busy with the run. Resolves when it is committed. */
  async take(run: LaneRun): Promise<void> {
    await this.#add({ kind: 'taken', run });
  }

  /**
   * Hands the lane of a run to another one.
   *
   * @param ended held events that are removed because their runs have ended
   */
  async move(from: LaneRun, to: RunPass, ended: readonly LaneRun[] = []): Promise<void> {
    await this.#add({ kind: 'moved', from, to, ended });
  }

  /** Holds an event behind a run. */
  async hold(behind: LaneRun, event: HeldEvent): Promise<void> {
    const taken = this.#add({ kind: 'taken', run: behind });
    await Promise.all([taken, this.#add({ kind: 'held', event })]);
  }

  /** Removes a held event whose run has gone away. Its lane stays busy. */
  async away(run: LaneRun): Promise<void> {
    await this.#add({ kind: 'away', run });
  }

  /**
   * Returns the events that begin one after another; none when no event is held.
   *
   * @param ended further held events that are removed because their runs have ended
   */
  turn(turn: LaneTurn, ended: readonly LaneRun[] = []): Promise<readonly HeldStart[]> {
    return this.#add({ kind: 'turn', turn, ended });
  }

  /** Resolves when all writes are committed, or rejected by {@link close}. */
  async idle(): Promise<void> {
    await this.#written;
  }

  /** Rejects all writes that are not committed. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const { reject } of this.#pending.splice(0)) reject(lostError());
  }

  #add(change: Change): Promise<readonly HeldStart[]> {
    if (this.#closing.signal.aborted) return Promise.reject(lostError());
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, resolve, reject });
      if (!this.#writing) this.#written = this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    // changes of the same tick belong to one batch
    await Promise.resolve();
    while (this.#pending.length > 0) await this.#write(this.#nextBatch());
    this.#writing = false;
  }

  #nextBatch(): Pending[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#pending.length, MAX_BATCH); count++) {
      const change = this.#pending[count]?.change;
      if (change?.kind === 'held') bytes += change.event.message.length;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
    }
    return this.#pending.splice(0, count);
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    try {
      const starts = (await this.#untilWritten(writesOf(batch.map(({ change }) => change)))).values();
      for (const { change, resolve } of batch) resolve(change.kind === 'turn' ? (starts.next().value ?? []) : []);
    } catch (error) {
      if (batch.length > 1 && !isSluiceError(error)) {
        // one row that the database refuses must not block the others
        for (const one of batch) await this.#write([one]);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }

  async #untilWritten(writes: LaneWrites): Promise<readonly (readonly HeldStart[])[]> {
    const { store, log, clock, lost } = this.deps;
    const { signal } = this.#closing;
    for (;;) {
      if (signal.aborted) throw lostError();
      try {
        const starts = await store.write(this.owner, writes);
        if (signal.aborted) throw lostError();
        if (starts !== 'lost') return starts;
        this.close();
        lost();
        throw lostError();
      } catch (error) {
        if (signal.aborted || !isSluiceError(error) || error.code !== 'STORE_UNAVAILABLE') throw error;
        log.debug('the lanes are not written: the database is away', { flow: this.owner.flow, error: messageOf(error) });
      }
      await pause(clock, AGAIN_MS, signal);
    }
  }
}

function writesOf(changes: readonly Change[]): LaneWrites {
  const taken = new Map<string, LaneRun>();
  for (const change of changes) if (change.kind === 'taken' && !taken.has(change.run.key)) taken.set(change.run.key, change.run);
  return {
    taken: [...taken.values()],
    moved: changes.flatMap((change) => (change.kind === 'moved' ? [change] : [])),
    held: changes.flatMap((change) => (change.kind === 'held' ? [change.event] : [])),
    away: changes.flatMap((change) => (change.kind === 'away' ? [change.run] : 'ended' in change ? change.ended : [])),
    turns: changes.flatMap((change) => (change.kind === 'turn' ? [change.turn] : [])),
  };
}

function lostError(): Error {
  return engineFail.STORE_UNAVAILABLE('this host does not own the lanes of the flow any more');
}
