import type { Outgoing } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import type { Link } from './link.js';
import { WRITE, weightOf, writeParams, type Write, type Written } from './write-statement.js';

/** `lost`: the delivery is not ours any more, or nobody knows what was committed. */
export type WriteEnd = 'done' | 'refused' | 'lost';

interface Waiting extends Write {
  /** The first call counts: a publisher that has given up may still be told what came of it. */
  readonly ended: (end: WriteEnd) => void;
  /** When a publisher gives up, by the monotonic clock. A settlement never does: it ends with its session. */
  readonly deadline?: number;
}

const LARGEST_BATCH = 1_000;
const LARGEST_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 50;

/**
 * Joins what is published and settled at the same time into one transaction: one is under way, and the next takes all that came
 * meanwhile. While there is no link, publishers wait for one until their deadline.
 */
export class Writer {
  #link: Link | undefined;
  #waiting: Waiting[] = [];
  /** What the database has not answered yet, without those who have given up. */
  #underWay: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** `unrouted` has reached its cap: what nobody wants is refused. */
  unroutedIsFull = false;

  /** Publishes all or none; rejects with BUS_UNAVAILABLE after the time. */
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

  /** Inserts the outputs and deletes the input, or neither. */
  settle(input: string, outgoing: readonly Outgoing[], ended: (end: WriteEnd) => void): void {
    this.#add({ input, outgoing, ended });
  }

  attach(link: Link): void {
    this.#link = link;
    this.#run();
  }

  /** Deliveries of a lost session cannot be settled any more. */
  detach(): void {
    this.#link = undefined;
    for (const lost of this.#remove(({ input }) => input !== undefined)) lost.ended('lost');
  }

  /** Waits for what is under way or waiting, and refuses the rest. */
  async close(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#link && this.#running && performance.now() < deadline) {
      await Promise.race([this.#running, new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref())]);
    }
    for (const left of this.#remove(() => true)) left.ended('lost');
    clearInterval(this.#timer);
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#run();
  }

  #run(): void {
    if (!this.#link || this.#running || this.#waiting.length === 0) return;
    this.#running = this.#drain(this.#link);
  }

  async #drain(link: Link): Promise<void> {
    // those that come in the same tick belong together
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

  #nextBatch(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#waiting.length, LARGEST_BATCH); count++) {
      bytes += weightOf(this.#waiting[count] as Waiting);
      if (count > 0 && bytes > LARGEST_BYTES) break;
    }
    return this.#waiting.splice(0, count);
  }

  #giveUpLate(): void {
    const now = performance.now();
    const isLate = ({ deadline = Infinity }: Waiting) => deadline <= now;
    for (const late of [...this.#remove(isLate), ...this.#underWay.filter(isLate)]) late.ended('lost');
    this.#underWay = this.#underWay.filter((waiting) => !isLate(waiting));
    if (this.#waiting.length > 0 || this.#running) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(which: (waiting: Waiting) => boolean): Waiting[] {
    const removed = this.#waiting.filter(which);
    if (removed.length > 0) this.#waiting = this.#waiting.filter((waiting) => !which(waiting));
    return removed;
  }

  #refusal(outgoing: readonly Outgoing[]): Error {
    const named = [...new Set(outgoing.flatMap(({ queue, droppable }) => (queue === undefined || droppable ? [] : [queue])))];
    const missing = `a queue does not exist: one of ${named.join(', ')}`;
    return engineFail.BUS_UNAVAILABLE(
      this.unroutedIsFull && named.length === 0 ? 'no flow wants the event, and the queue unrouted is full' : missing,
    );
  }
}

async function write(link: Link, batch: readonly Write[], unroutedIsFull: boolean): Promise<WriteEnd[]> {
  const values = writeParams(batch, link.session, unroutedIsFull);
  const { rows } = await link.write.query<Written>({ name: 'write', text: WRITE, values });
  const { done, refused } = rows[0] as Written;
  const ends = batch.map((): WriteEnd => 'lost');
  for (const call of done) ends[call - 1] = 'done';
  for (const call of refused) ends[call - 1] = 'refused';
  return ends;
}
