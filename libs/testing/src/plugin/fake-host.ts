import { systemClock, type Clock, type Host, type Log } from '@sluice/plugin-api';
import { FakeWorkspace, type FakeServices } from './fake-services.js';

/** A line of a {@link MemoryLog}. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields?: object;
}

/** A log that keeps its lines for the test. */
export class MemoryLog implements Log {
  readonly lines: LogLine[] = [];

  debug(message: string, fields?: object): void {
    this.add('debug', message, fields);
  }
  info(message: string, fields?: object): void {
    this.add('info', message, fields);
  }
  warn(message: string, fields?: object): void {
    this.add('warn', message, fields);
  }
  error(message: string, fields?: object): void {
    this.add('error', message, fields);
  }

  private add(level: LogLine['level'], message: string, fields?: object): void {
    this.lines.push({ level, message, ...(fields && { fields }) });
  }
}

/** The host of one connection. It records log lines and reported losses. */
export class FakeHost implements Host {
  readonly log = new MemoryLog();
  /** Reasons with which the client reported that the connection is lost. */
  readonly losses: unknown[] = [];
  /** The clock of the process, with `now` of the test as its wall time. */
  readonly clock: Clock;
  private readonly closing = new AbortController();
  readonly signal: AbortSignal = this.closing.signal;

  constructor(
    readonly connection: string,
    private readonly wallTime: () => Date,
    readonly timezone: string,
    readonly services: FakeServices = new FakeWorkspace().host(),
  ) {
    this.clock = { ...systemClock, now: () => wallTime().getTime() };
  }

  now(): Date {
    return this.wallTime();
  }

  lost(reason: unknown): void {
    this.losses.push(reason);
  }

  /** Fires the signal that the client has to close. */
  close(): void {
    this.closing.abort();
  }
}
