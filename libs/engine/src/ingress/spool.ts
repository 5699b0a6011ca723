import { isSluiceError, type Log } from '@sluice/plugin-api';
import { pause } from '../coordination/lease.js';
import { messageOf } from '../message-of.js';
import { SpoolFiles, type Lines } from './spool-files.js';
import { readRecord, writeRecord, type SpoolEntry } from './spool-record.js';

const LIMIT_BYTES = 64 * 1024 * 1024;
/** How many files hold what waits: with few of them much is dropped at a time. */
const SEGMENTS = 32;
/** At most so much of what was said last is lost with the machine; a process that dies loses less, since its writes outlive it. */
const SYNC_MS = 50;
/** The disk or the broker is away. */
const AGAIN_MS = { first: 100, most: 5_000 };
/** What waits may still be delivered for so long at a stop; the rest is delivered after the next start. */
const LAST_MS = 2_000;
/** Handed to the broker at once. */
const BATCH = 256;

export interface SpoolOptions {
  /** A folder of its own. */
  readonly folder: string;
  /** Resolves when the broker has confirmed. A failure of fate `unavailable` is tried again, any other one drops the event. */
  readonly hand: (record: SpoolEntry) => Promise<unknown>;
  readonly log: Log;
  /** Told how many events were dropped because the spool was full. */
  readonly dropped: (count: number) => void;
  /** Whose events these are, for messages. */
  readonly name: string;
  readonly limitBytes?: number;
}

/**
 * Keeps the events of a source that cannot be asked again until the broker has them. What is said to it is appended to a file that is
 * synced once in 50 ms, and handed on in order; after a crash it goes on where it was, so that an event may come twice under the same id.
 * The source never waits: when more than the limit waits, the oldest go and are counted.
 */
export class Spool {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly stopping = new AbortController();
  private wake: () => void = () => undefined;
  private writing: Promise<void> = Promise.resolve();
  private isWriting = false;
  private syncing: NodeJS.Timeout | undefined;
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

  /** Rejects when the folder cannot be used. What a process before left there is handed on first. */
  static async open(options: SpoolOptions): Promise<Spool> {
    return new Spool(await SpoolFiles.open(options.folder, (options.limitBytes ?? LIMIT_BYTES) / SEGMENTS), options);
  }

  get waiting(): number {
    return this.files.waiting + this.pendingBytes;
  }

  /** Takes an event. Never waits and never throws. */
  append(record: SpoolEntry): void {
    const line = writeRecord(record);
    this.pending.push(line);
    this.pendingBytes += line.length;
    if (this.pendingBytes > this.limit) this.dropPending();
    if (!this.isWriting) this.writing = this.write();
  }

  /** Writes what is in memory, and gives what waits a last chance. Resolves when the files are closed. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.writing;
    await this.forwarding;
    clearTimeout(this.syncing);
    await this.files.close().catch((error: unknown) => this.complain('cannot be closed', error));
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    // events come in bunches: one write for all of this turn of the event loop
    await new Promise((resolve) => setImmediate(resolve));
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
        await pause(backOff(failures++), this.stopping.signal);
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
    this.syncing ??= setTimeout(() => {
      this.syncing = undefined;
      this.files.sync().catch((error: unknown) => this.complain('cannot be synced', error));
    }, SYNC_MS);
  }

  private async forward(): Promise<void> {
    let until = Infinity;
    this.stopping.signal.addEventListener('abort', () => (until = Date.now() + LAST_MS), { once: true });
    for (let failures = 0; Date.now() < until;) {
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
        await pause(backOff(failures++), this.stopping.signal);
      }
    }
  }

  /** Hands on all lines, in order; false when it was stopped before the broker had them all. */
  private async deliver({ lines }: Lines): Promise<boolean> {
    let rest = lines.flatMap((line) => this.readable(line));
    for (let failures = 0; rest.length > 0;) {
      const now = rest.slice(0, BATCH);
      const ends = await Promise.allSettled(now.map((record) => this.options.hand(record)));
      const away = ends.findIndex((end) => end.status === 'rejected' && isAway(end.reason));
      for (const end of ends)
        if (end.status === 'rejected' && !isAway(end.reason)) this.complain('holds an event that nobody takes', end.reason);
      failures = away === -1 ? 0 : failures + 1;
      // those after the first that was not confirmed are handed on again: under the same ids, and in order
      rest = rest.slice(away === -1 ? now.length : away);
      if (away === -1) continue;
      if (this.stopping.signal.aborted) return false;
      await pause(backOff(failures), this.stopping.signal);
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

function isAway(error: unknown): boolean {
  return !isSluiceError(error) || error.fate === 'unavailable';
}

function backOff(failures: number): number {
  return Math.min(AGAIN_MS.most, AGAIN_MS.first * 2 ** Math.min(failures, 10));
}
