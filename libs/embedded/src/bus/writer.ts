import type { Outgoing } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import type { Link } from './link.js';
import { WRITE, weightOf, writeParams, type Write, type WriteResult } from './write-statement.js';

/** `lost`: this host does not hold the delivery any more, or it is unknown whether the write was committed. */
export type WriteEnd = 'done' | 'refused' | 'lost';

interface PendingWrite extends Write {
  /** Only the first call has an effect: a publisher that has timed out may still receive the result. */
  readonly ended: (end: WriteEnd) => void;
  /** When a publisher times out, by the monotonic clock. A settlement has no deadline: it ends with its session. */
  readonly deadline?: number;
}

const MAX_BATCH = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 50;

/**
 * Joins publications and settlements of the same time into one transaction: while one batch is running, further writes wait for the next
 * one. Without a link publishers wait until their deadline.
 */
export class Writer {
  #link: Link | undefined;
  #waiting: PendingWrite[] = [];
  /** Writes that the database has not answered yet, without those that have timed out. */
  #underWay: readonly PendingWrite[] = [];
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether `unrouted` has reached its limit. Then events without a queue are refused. */
  unroutedIsFull = false;

  /** Publishes all or none. Rejects with `BUS_UNAVAILABLE` after the timeout. */
  publish(outgoing: readonly Outgoing[], timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (end: WriteEnd) => {
        if (end === 'done') return resolve();
        reject(end === 'refused' ? this.#refusal(outgoing) : engineFail.BUS_UNAVAILABLE('the database did not confirm in time'));
      };
      this.#add({ outgoing, ended, deadline: performance.now() + timeoutMs });
      this.#timer ??= setInterval(() => this.#giveUpLate(), LOOK_MS).unref();
    });
  }

  /** Inserts the outputs and deletes the input, or does neither. */
  settle(input: string, outgoing: readonly Outgoing[], ended: (end: WriteEnd) => void): void {
    this.#add({ input, outgoing, ended });
  }

  attach(link: Link): void {
    this.#link = link;
    this.#run();
  }

  /** Ends the settlements: deliveries of a lost session cannot be settled any more. */
  detach(): void {
    this.#link = undefined;
    for (const lost of this.#remove(({ input }) => input !== undefined)) lost.ended('lost');
  }

  /** Waits for current and queued writes, and refuses the rest. */
  async close(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#link && this.#running && performance.now() < deadline) {
      await Promise.race([this.#running, new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref())]);
    }
    for (const left of this.#remove(() => true)) left.ended('lost');
    clearInterval(this.#timer);
  }

  #add(waiting: PendingWrite): void {
    this.#waiting.push(waiting);
    this.#run();
  }

  #run(): void {
    if (!this.#link || this.#running || this.#waiting.length === 0) return;
    this.#running = this.#drain(this.#link);
  }

  async #drain(link: Link): Promise<void> {
    // writes of the same tick belong to one batch
    await Promise.resolve();
    while (this.#link === link && this.#waiting.length > 0) await this.#writeSome(link);
    this.#running = undefined;
    this.#run();
  }

  async #writeSome(link: Link): Promise<void> {
    const batch = this.#nextBatch();
    this.#underWay = batch;
    let ends: WriteEnd[];
    try {
      ends = await write(link, batch, this.unroutedIsFull);
    } catch (error) {
      link.drop(error as Error);
      ends = batch.map(() => 'lost');
    }
    this.#underWay = [];
    batch.forEach(({ ended }, n) => ended(ends[n] as WriteEnd));
  }

  #nextBatch(): PendingWrite[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#waiting.length, MAX_BATCH); count++) {
      bytes += weightOf(this.#waiting[count] as PendingWrite);
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
    }
    return this.#waiting.splice(0, count);
  }

  #giveUpLate(): void {
    const now = performance.now();
    const isLate = ({ deadline = Infinity }: PendingWrite) => deadline <= now;
    for (const late of [...this.#remove(isLate), ...this.#underWay.filter(isLate)]) late.ended('lost');
    this.#underWay = this.#underWay.filter((waiting) => !isLate(waiting));
    if (this.#waiting.length > 0 || this.#running) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(which: (waiting: PendingWrite) => boolean): PendingWrite[] {
    const removed = this.#waiting.filter(which);
    if (removed.length > 0) this.#waiting = this.#waiting.filter((waiting) => !which(waiting));
    return removed;
  }

  #refusal(outgoing: readonly Outgoing[]): Error {
    const named = [...new Set(outgoing.flatMap(({ queue, droppable }) => (queue === undefined || droppable ? [] : [queue])))];
    const missing = `a queue does not exist: one of ${named.join(', ')}`;
    return engineFail.BUS_UNAVAILABLE(
      this.unroutedIsFull && named.length === 0 ? 'no flow takes the event, and the queue unrouted is full' : missing,
    );
  }
}

async function write(link: Link, batch: readonly Write[], unroutedIsFull: boolean): Promise<WriteEnd[]> {
  const values = writeParams(batch, link.session, unroutedIsFull);
  const { rows } = await link.write.query<WriteResult>({ name: 'write', text: WRITE, values });
  const { done, refused } = rows[0] as WriteResult;
  const ends = batch.map((): WriteEnd => 'lost');
  for (const call of done) ends[call - 1] = 'done';
  for (const call of refused) ends[call - 1] = 'refused';
  return ends;
}
