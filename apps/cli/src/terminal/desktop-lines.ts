import { isUtf8 } from 'node:buffer';
import type { DesktopStats, ServerFrame } from '@sluice/emulator';
import { paint } from './paint.js';
import { clock, counted } from './words.js';

/** Maximum number of users for which each event is printed; for more users only counts are printed. */
export const SHOWN_USERS = 10;
const MAX_DATA_LENGTH = 120;

/** Prints the events and the state of emulated desktop clients. */
export class DesktopLines {
  #before: DesktopStats | undefined;

  constructor(
    private readonly show: (line: string) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Prints an event that a client has received. */
  heard(user: string, { headers, body }: ServerFrame): void {
    const destination = headers.get('destination') ?? '';
    const words = [user, paint.bold(headers.get('event') ?? destination)];
    if (destination.startsWith('/topic/')) words.push(paint.dim(`from ${destination}`));
    if (headers.has('redelivered')) words.push(paint.yellow('again'));
    if (body.length > 0) words.push(dataShown(body));
    this.#line(words.join('  '));
  }

  /** Prints changes since the last call: online clients, failures and, for many users, the number of events. Called periodically. */
  look(stats: DesktopStats): void {
    const before = this.#before;
    this.#before = stats;
    for (const [words, times] of Object.entries(stats.failures)) {
      const more = times - (before?.failures[words] ?? 0);
      if (more > 0) this.#line(paint.red(more > 1 ? `${words} (${more} times)` : words));
    }
    const received = stats.users > SHOWN_USERS ? stats.received - (before?.received ?? 0) : 0;
    if (received <= 0 && stats.online === (before?.online ?? 0)) return;
    const counts = [`${stats.online} of ${counted(stats.users, 'client')} online`];
    if (received > 0) counts.push(`${counted(received, 'event')} received, ${stats.received} in all`);
    if (received > 0 && stats.repeated > 0) counts.push(`${stats.repeated} of them again`);
    this.#line(counts.join(', '));
  }

  #line(text: string): void {
    this.show(`${paint.dim(clock(this.now()))}  ${text}`);
  }
}

/** Returns the beginning of a body on one line without control characters. */
function dataShown(body: Buffer): string {
  if (!isUtf8(body)) return counted(body.length, 'byte');
  const text = body.toString().replace(/\p{Cc}+/gu, ' ');
  return text.length > MAX_DATA_LENGTH ? `${text.slice(0, MAX_DATA_LENGTH)}…` : text;
}
