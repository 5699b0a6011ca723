import { engineFail, isSluiceError, pause, type Clock, type Log } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import type { HeldEvent, HeldStart, LaneOwner, LaneRun, LaneStore, LaneWrites, RunPass } from '../ports/lanes.js';

const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 ** 2;
/** Pause before a write is repeated that the database did not take, in milliseconds. */
const AGAIN_MS = 500;

type Change =
  | { readonly kind: 'taken'; readonly run: LaneRun }
  | { readonly kind: 'moved'; readonly from: LaneRun; readonly to: RunPass }
  | { readonly kind: 'held'; readonly event: HeldEvent }
  | { readonly kind: 'away'; readonly run: LaneRun }
  | { readonly kind: 'turn'; readonly run: LaneRun; readonly ended: boolean };

interface Pending {
  readonly change: Change;
  readonly resolve: (start: HeldStart | undefined) => void;
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
  readonly #closing = new AbortController();

  constructor(
    private readonly owner: LaneOwner,
    private readonly deps: LaneWriterDeps,
  ) {}

  /** Records that the lane is busy with the run. Resolves when it is committed. */
  async take(run: LaneRun): Promise<void> {
    await this.#add({ kind: 'taken', run });
  }

  /** Hands the lane of a parked run to its replay. */
  async move(from: LaneRun, to: RunPass): Promise<void> {
    await this.#add({ kind: 'moved', from, to });
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

  /** Returns the event that begins after the end of the run, or with `ended: false` the event whose turn it is; undefined without one. */
  turn(run: LaneRun, ended: boolean): Promise<HeldStart | undefined> {
    return this.#add({ kind: 'turn', run, ended });
  }

  /** Rejects all writes that are not committed. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const { reject } of this.#pending.splice(0)) reject(lostError());
  }

  #add(change: Change): Promise<HeldStart | undefined> {
    if (this.#closing.signal.aborted) return Promise.reject(lostError());
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, resolve, reject });
      if (!this.#writing) void this.#drain();
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
      for (const { change, resolve } of batch) resolve(change.kind === 'turn' ? starts.next().value : undefined);
    } catch (error) {
      if (batch.length > 1 && !isSluiceError(error)) {
        // one row that the database refuses must not block the others
        for (const one of batch) await this.#write([one]);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }

  async #untilWritten(writes: LaneWrites): Promise<readonly (HeldStart | undefined)[]> {
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
    away: changes.flatMap((change) => (change.kind === 'away' ? [change.run] : [])),
    turns: changes.flatMap((change) => (change.kind === 'turn' ? [{ ...change.run, ended: change.ended }] : [])),
  };
}

function lostError(): Error {
  return engineFail.STORE_UNAVAILABLE('this host does not own the lanes of the flow any more');
}
