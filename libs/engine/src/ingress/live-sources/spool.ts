import { isSluiceError, type Log, pause, type Clock, type Timer } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import { messageOf } from '../../message-of.js';
import { SpoolFiles, type Lines } from './spool-files.js';
import { readRecord, writeRecord, type SpoolEntry } from './spool-record.js';

const LIMIT_BYTES = 64 * 1024 * 1024;
/** Number of files of a spool. With few files, many events are dropped at a time. */
const SEGMENTS = 32;
/** Maximum milliseconds of events that are lost when the machine dies. A process that dies loses fewer, since its writes survive it. */
const SYNC_MS = 50;
/** Bounds of the pause before the next try while the disk or the broker is unavailable. */
const AGAIN = { firstMs: 100, maxMs: 5_000 };
/** Milliseconds for delivery at a stop. Events that still wait are delivered after the next start. */
const LAST_MS = 2_000;
/** Maximum events in one publish. */
const BATCH = 256;

export interface SpoolOptions {
  /** A folder of its own. */
  readonly folder: string;
  /**
   * Resolves when the broker has confirmed. After an error with the fate `unavailable` it is called again; any other error drops the event.
   */
  readonly hand: (record: SpoolEntry) => Promise<unknown>;
  readonly log: Log;
  readonly clock: Clock;
  /** Called with the number of events that were dropped because the spool was full. */
  readonly dropped: (count: number) => void;
  /** Name of the source, for messages. */
  readonly name: string;
  readonly limitBytes?: number;
}

/**
 * Keeps the events of a source that cannot repeat them until the broker has confirmed them. Events are appended to a file that is synced
 * every 50 ms, and published in order. After a crash it continues at the saved offset, so an event may be published twice under the same
 * id. The source never waits: above the limit the oldest events are dropped and counted.
 */
export class Spool {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly stopping = new AbortController();
  private wake: () => void = () => undefined;
  private writing: Promise<void> = Promise.resolve();
  private isWriting = false;
  private syncing: Timer | undefined;
  private readonly forwarding: Promise<void>;
  private readonly limit: number;
  private lost = 0;

  private constructor(
    private readonly files: SpoolFiles,
    private readonly options: SpoolOptions,
  ) {
    this.limit = options.limitBytes ?? LIMIT_BYTES;
    this.forwarding = this.forward();
  }

  /** Opens the folder and publishes the events of an earlier process first. Rejects when the folder cannot be used. */
  static async open(options: SpoolOptions): Promise<Spool> {
    return new Spool(await SpoolFiles.open(options.folder, (options.limitBytes ?? LIMIT_BYTES) / SEGMENTS), options);
  }

  get waiting(): number {
    return this.files.waiting + this.pendingBytes;
  }

  /** Appends an event. Never waits and never throws. */
  append(record: SpoolEntry): void {
    const line = writeRecord(record);
    this.pending.push(line);
    this.pendingBytes += line.length;
    if (this.pendingBytes > this.limit) this.dropPending();
    if (!this.isWriting) this.writing = this.write();
  }

  /** Writes the events in memory and publishes for a last time. Resolves when the files are closed. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.writing;
    await this.forwarding;
    this.syncing?.cancel();
    await this.files.close().catch((error: unknown) => this.complain('cannot be closed', error));
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    // events arrive in bursts: one write for all events of this turn of the event loop
    await new Promise<void>((resolve) => this.options.clock.after(0, resolve));
    for (let failures = 0; this.pending.length > 0;) {
      const lines = this.pending;
      const bytes = this.pendingBytes;
      this.pending = [];
      this.pendingBytes = 0;
      try {
        await this.files.append(lines);
        failures = 0;
        await this.makeRoom();
        this.syncSoon();
        this.wake();
      } catch (error) {
        this.pending = [...lines, ...this.pending];
        this.pendingBytes += bytes;
        this.complain('cannot be written', error);
        if (this.stopping.signal.aborted) break;
        await pause(this.options.clock, backoffMs(AGAIN, failures++), this.stopping.signal);
      }
    }
    this.isWriting = false;
    this.wake();
  }

  private async makeRoom(): Promise<void> {
    while (this.files.waiting > this.limit) {
      const dropped = await this.files.dropOldest();
      if (dropped === undefined) return;
      this.drop(dropped);
    }
  }

  private dropPending(): void {
    const [oldest] = this.pending.splice(0, 1);
    this.pendingBytes -= oldest?.length ?? 0;
    this.drop(1);
  }

  private drop(count: number): void {
    if (count === 0) return;
    this.lost += count;
    this.options.dropped(count);
    this.options.log.warn(`${this.options.name}: its spool is full, and the oldest events are dropped`, { dropped: this.lost });
  }

  private syncSoon(): void {
    this.syncing ??= this.options.clock.after(SYNC_MS, () => {
      this.syncing = undefined;
      this.files.sync().catch((error: unknown) => this.complain('cannot be synced', error));
    });
  }

  private async forward(): Promise<void> {
    let until = Infinity;
    const now = () => this.options.clock.now();
    this.stopping.signal.addEventListener('abort', () => (until = now() + LAST_MS), { once: true });
    for (let failures = 0; now() < until;) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      try {
        const next = await this.files.read();
        if (next.lines.length > 0) {
          if (!(await this.deliver(next))) return;
          await this.files.moveTo(next.after);
          this.syncSoon();
        } else if (this.stopping.signal.aborted && !this.isWriting) return;
        else await woken;
        failures = 0;
      } catch (error) {
        this.complain('cannot be read', error);
        await pause(this.options.clock, backoffMs(AGAIN, failures++), this.stopping.signal);
      }
    }
  }

  /** Publishes all lines in order. Returns false when it was stopped before the broker had confirmed them all. */
  private async deliver({ lines }: Lines): Promise<boolean> {
    let rest = lines.flatMap((line) => this.readable(line));
    for (let failures = 0; rest.length > 0;) {
      const now = rest.slice(0, BATCH);
      const ends = await Promise.allSettled(now.map((record) => this.options.hand(record)));
      const unavailable = ends.findIndex((end) => end.status === 'rejected' && isUnavailable(end.reason));
      for (const end of ends)
        if (end.status === 'rejected' && !isUnavailable(end.reason))
          this.complain('holds an event that nobody takes', end.reason);
      failures = unavailable === -1 ? 0 : failures + 1;
      // events after the first unconfirmed one are published again: under the same ids, and in order
      rest = rest.slice(unavailable === -1 ? now.length : unavailable);
      if (unavailable === -1) continue;
      if (this.stopping.signal.aborted) return false;
      await pause(this.options.clock, backoffMs(AGAIN, failures), this.stopping.signal);
    }
    return true;
  }

  private readable(line: Buffer): SpoolEntry[] {
    try {
      return [readRecord(line)];
    } catch (error) {
      this.complain('has a line that cannot be read', error);
      return [];
    }
  }

  private complain(what: string, error: unknown): void {
    this.options.log.error(`${this.options.name}: its spool ${what}`, { reason: messageOf(error) });
  }
}

function isUnavailable(error: unknown): boolean {
  return !isSluiceError(error) || error.fate === 'unavailable';
}
