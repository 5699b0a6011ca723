import { isUtf8 } from 'node:buffer';
import type { DesktopStats, ServerFrame } from '@sluice/emulator';
import { paint } from './paint.js';
import { clock, counted } from './words.js';

/** Of so many users each event gets a line; of more only counts are told. */
export const SHOWN_USERS = 10;
const MAX_DATA_LENGTH = 120;

/** What desktop clients live through, line by line, for whoever tries a flow with them. */
export class DesktopLines {
  #before: DesktopStats | undefined;

  constructor(
    private readonly show: (line: string) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** An event that one of them has received. */
  heard(user: string, { headers, body }: ServerFrame): void {
    const destination = headers.get('destination') ?? '';
    const words = [user, paint.bold(headers.get('event') ?? destination)];
    if (destination.startsWith('/topic/')) words.push(paint.dim(`from ${destination}`));
    if (headers.has('redelivered')) words.push(paint.yellow('again'));
    if (body.length > 0) words.push(dataShown(body));
    this.#line(words.join('  '));
  }

  /** To be called now and then: says who is online, what failed and, where events have no lines of their own, how many came. */
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

/** The beginning of a body on one line, and nothing in it that a terminal would obey. */
function dataShown(body: Buffer): string {
  if (!isUtf8(body)) return counted(body.length, 'byte');
  const text = body.toString().replace(/\p{Cc}+/gu, ' ');
  return text.length > MAX_DATA_LENGTH ? `${text.slice(0, MAX_DATA_LENGTH)}…` : text;
}
