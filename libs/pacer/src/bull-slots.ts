import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Log, Clock, Timer } from '@sluice/plugin-api';
import { Queue, Worker, createPostgresBackend } from 'bullmq';
import { SLOT_MS } from './connection-pace.js';
import type { SlotOptions, Slots } from './slots.js';

/**
 * The server on which BullMQ stores the slots. PostgreSQL has to be reached over TCP: BullMQ recognises an unreachable server only by
 * ECONNREFUSED.
 */
export type BackEnd = { readonly redis: string } | { readonly postgres: string };

/** BullMQ's default of 15 s would be too long a standstill after a restart of the server. */
const RETRY_MS = 500;
/** A server that does not answer within this time is considered unavailable. */
const ANSWER_MS = 2_000;
/** The first connection to PostgreSQL also creates or migrates BullMQ's tables, which can be slow on a busy machine. */
const SETUP_MS = 60_000;
const STALLED_CHECK_MS = 2_000;
/** The queue executes one command at a time. */
const QUEUE_POOL = 1;
/** Slots that end together do not have to wait for each other. The worker has one more connection, for notifications. */
const WORKER_POOL = 4;
/** More errors than this within `RETRY_MS` mean that the worker loops without a pause, as it does for every error but ECONNREFUSED. */
const ERRORS_OF_A_LOOP = 20;
type SlotQueue = ReturnType<typeof openQueue>;
type SlotWorker = ReturnType<BullSlots['makeWorker']>;

/**
 * Slots as BullMQ jobs without payload; any job can serve any call. When the lock of a dead host's job expires, another host runs the job
 * again. A job that finds no call to make completes, so left-over jobs are harmless.
 *
 * @see https://docs.bullmq.io/guide/queues/global-concurrency
 * @see https://docs.bullmq.io/guide/jobs/stalled
 */
export class BullSlots implements Slots {
  private queue: SlotQueue | undefined;
  private worker: SlotWorker | undefined;
  private limit = 1;
  private applying: Promise<void> | undefined;
  private closed = false;
  private errors = 0;

  constructor(
    private readonly options: SlotOptions,
    private readonly backEnd: BackEnd,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  setLimit(limit: number): Promise<void> {
    this.limit = limit;
    if (this.worker) this.worker.concurrency = limit;
    this.applying ??= this.apply().finally(() => (this.applying = undefined));
    return this.applying;
  }

  async add(count: number): Promise<void> {
    if (!this.queue || !this.worker) throw new Error('not connected yet');
    await answered(this.clock, this.queue.addBulk(Array.from({ length: count }, newJob)));
  }

  async close(giveUp: AbortSignal): Promise<void> {
    this.closed = true;
    await endOf(this.applying, giveUp);
    // a paused worker keeps renewing the locks of the slots that it serves; a closed worker does not
    await endOf(this.worker?.pause(), giveUp);
    if (this.worker) await drop(this.worker);
    if (this.queue) await drop(this.queue);
  }

  /** Opens the queue and the worker if they are not open, and sets the limit over all hosts before the worker begins. */
  private async apply(): Promise<void> {
    this.queue ??= await this.open(() => openQueue(queueName(this.options.connection), this.backEnd));
    await answered(this.clock, this.queue.setGlobalConcurrency(this.limit));
    if (this.worker) return;
    this.worker = await this.open(() => this.makeWorker());
    this.worker.concurrency = this.limit;
    this.worker.run().catch((cause: unknown) => this.failed(cause));
  }

  /** Opens a queue or a worker. BullMQ never retries a first connection that failed, so each call creates a new object. */
  private async open<Part extends SlotQueue | SlotWorker>(make: () => Part): Promise<Part> {
    const part = make();
    listen(part, (cause) => this.failed(cause));
    try {
      await answered(this.clock, part.waitUntilReady(), 'redis' in this.backEnd ? ANSWER_MS : SETUP_MS);
      if (this.closed) throw new Error('closed');
    } catch (cause) {
      void drop(part);
      throw cause;
    }
    return part;
  }

  private makeWorker() {
    const { connection, crashGraceMs, serve } = this.options;
    const name = queueName(connection);
    const options = {
      autorun: false,
      concurrency: this.limit,
      // the lock counts from the beginning of the slot, and the call that it protects may begin at the slot's end
      lockDuration: crashGraceMs + SLOT_MS,
      stalledInterval: STALLED_CHECK_MS,
      // the slot is not the cause of its host's death, so the number of stalls is unlimited; PostgreSQL stores the count as int4
      maxStalledCount: 2 ** 31 - 1,
      runRetryDelay: RETRY_MS,
    };
    return 'redis' in this.backEnd
      ? new Worker(name, serve, { ...options, connection: { ...redisOf(this.backEnd.redis), maxRetriesPerRequest: null } })
      : new Worker(name, serve, { ...options, connection: poolOf(this.backEnd.postgres, WORKER_POOL) }, createPostgresBackend);
  }

  private failed(cause: unknown): void {
    this.log.debug(`pace of ${this.options.connection}: BullMQ reports an error`, { cause: String(cause) });
    const { worker } = this;
    if (!worker || this.closed) return;
    this.errors += 1;
    if (this.errors === 1) this.clock.after(RETRY_MS, () => (this.errors = 0)).unref();
    if (this.errors === ERRORS_OF_A_LOOP) void this.calm(worker);
  }

  private async calm(worker: SlotWorker): Promise<void> {
    await worker.pause(true);
    this.clock
      .after(RETRY_MS, () => {
        if (!this.closed) void worker.resume();
      })
      .unref();
  }
}

/** Connects, reads one value and disconnects. Rejects when the back end cannot be used. */
export async function checkBackEnd(backEnd: BackEnd, clock: Clock): Promise<void> {
  const queue = openQueue('pace-check', backEnd);
  let last: Error | undefined;
  listen(queue, (cause) => (last = cause));
  try {
    await answered(clock, queue.waitUntilReady());
    await answered(clock, queue.getGlobalConcurrency());
  } catch (cause) {
    throw last ?? cause;
  } finally {
    await drop(queue);
  }
}

/** Creates a slot. BullMQ's own ids restart at 1 after a flush: the end of an old slot would then release the lock of a new one. */
function newJob() {
  return { name: 'slot', data: {}, opts: { jobId: randomUUID(), removeOnComplete: true, removeOnFail: true, attempts: 1 } };
}

/** BullMQ refuses `:` in the names of queues. */
function queueName(connection: string): string {
  return `pace-${connection}`;
}

function openQueue(name: string, backEnd: BackEnd) {
  // an offline queue would add slots long after they were needed
  return 'redis' in backEnd
    ? new Queue(name, { connection: { ...redisOf(backEnd.redis), enableOfflineQueue: false } })
    : new Queue(name, { connection: poolOf(backEnd.postgres, QUEUE_POOL) }, createPostgresBackend);
}

function redisOf(url: string) {
  return { url, retryStrategy: () => RETRY_MS };
}

function poolOf(url: string, max: number) {
  return { connectionString: url, migrate: true, max, connectionTimeoutMillis: ANSWER_MS };
}

/** Handles the errors of an emitter: without a listener an error would end the process. */
function listen(part: EventEmitter, failed: (cause: Error) => void): void {
  part.on('error', failed);
}

async function drop(part: SlotQueue | SlotWorker): Promise<void> {
  await (part instanceof Worker ? part.close(true) : part.disconnect()).catch(() => undefined);
}

/** Rejects when there is no answer in time. A later answer is ignored. */
async function answered<Value>(clock: Clock, asked: Promise<Value>, withinMs = ANSWER_MS): Promise<Value> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.after(withinMs, () => reject(new Error(`no answer within ${withinMs / 1_000} s`)));
  });
  return Promise.race([asked, late]).finally(() => timer?.cancel());
}

/** Waits until the work has ended, with or without success, but at most until the signal fires. */
async function endOf(work: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  // handle the rejection even if the signal has already fired, because an unhandled one would end the process
  const ended = work?.catch(() => undefined);
  if (signal.aborted) return;
  const given = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await Promise.race([ended, given]);
}
