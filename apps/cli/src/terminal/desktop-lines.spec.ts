import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DesktopStats } from '@sluice/emulator';
import { DesktopLines } from './desktop-lines.js';
import { shown } from './paint.js';

const NOON = new Date(2026, 2, 14, 12, 0, 5);

let said: string[];
let lines: DesktopLines;

beforeEach(() => {
  said = [];
  lines = new DesktopLines(
    (line) => said.push(stripVTControlCharacters(shown(line))),
    () => NOON,
  );
});

describe('event lines of desktops', () => {
  const hear = (headers: Record<string, string>, body: string | Buffer = '') => {
    const message = { command: 'MESSAGE', headers: new Map(Object.entries(headers)), body: Buffer.from(body) };
    lines.heard('user1', message);
    return said.at(-1);
  };

  it('show user, name and data', () => {
    const headers = { destination: '/user/events', event: 'order.ready' };
    expect(hear(headers, '{"number":7}')).toBe('12:00:05  user1  order.ready  {"number":7}');
    expect(hear(headers)).toBe('12:00:05  user1  order.ready');
  });

  it('mark events of a topic and redelivered events', () => {
    expect(hear({ destination: '/topic/prices', event: 'changed', redelivered: 'true' })).toBe(
      '12:00:05  user1  changed  from /topic/prices  again',
    );
  });

  it('truncate the data and remove control characters', () => {
    expect(hear({ event: 'a' }, 'x'.repeat(200))).toBe(`12:00:05  user1  a  ${'x'.repeat(120)}…`);
    expect(hear({ event: 'a' }, 'one\n\u001b]0;two')).toBe('12:00:05  user1  a  one ]0;two');
    expect(hear({ event: 'a' }, Buffer.from([0xff, 0xfe]))).toBe('12:00:05  user1  a  2 bytes');
  });
});

describe('status lines of desktops', () => {
  const stats = (users: number, more: Partial<DesktopStats> = {}): DesktopStats => ({
    users,
    online: 0,
    connects: 0,
    losses: 0,
    received: 0,
    distinct: 0,
    repeated: 0,
    redelivered: 0,
    failures: {},
    ...more,
  });

  it('show changes of online clients, and no counts for few users', () => {
    lines.look(stats(2));
    lines.look(stats(2, { online: 2 }));
    lines.look(stats(2, { online: 2, received: 5 }));
    lines.look(stats(2, { online: 1, received: 5 }));
    expect(said).toEqual(['12:00:05  2 of 2 clients online', '12:00:05  1 of 2 clients online']);
  });

  it('count the events of many users', () => {
    lines.look(stats(400, { online: 400, received: 1 }));
    lines.look(stats(400, { online: 400, received: 401, repeated: 3 }));
    lines.look(stats(400, { online: 400, received: 401, repeated: 3 }));
    expect(said).toEqual([
      '12:00:05  400 of 400 clients online, 1 event received, 1 in all',
      '12:00:05  400 of 400 clients online, 400 events received, 401 in all, 3 of them again',
    ]);
  });

  it('continue after a reset of the counts', () => {
    lines.look(stats(400, { online: 400, received: 10 }));
    lines.look(stats(400, { online: 400 }));
    lines.look(stats(400, { online: 400, received: 2 }));
    expect(said.at(-1)).toBe('12:00:05  400 of 400 clients online, 2 events received, 2 in all');
    expect(said).toHaveLength(2);
  });

  it('report each failure', () => {
    lines.look(stats(2, { failures: { 'connect ECONNREFUSED': 2 } }));
    lines.look(stats(2, { failures: { 'connect ECONNREFUSED': 2 } }));
    lines.look(stats(2, { failures: { 'connect ECONNREFUSED': 3 } }));
    expect(said).toEqual(['12:00:05  connect ECONNREFUSED (2 times)', '12:00:05  connect ECONNREFUSED']);
  });
});
