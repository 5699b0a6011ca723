import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { DesktopUser } from '@sluice/admin-contract';
import { desktopsTable, summary } from './desktops.js';
import { shown } from '../terminal/paint.js';

const NOW = new Date('2026-03-14T12:00:00Z');
const ivanov: DesktopUser = {
  user: 'erp/ivanov',
  extension: '101',
  groups: ['sales', 'all'],
  waiting: 3,
  oldest: '2026-03-14T11:55:00Z',
  sessions: [
    { host: 'one-17', workplace: 'DESK-7', since: '2026-03-14T09:00:00Z' },
    { host: 'two-18', since: '2026-03-14T11:59:30Z' },
  ],
};
const petrov: DesktopUser = { user: 'erp/petrov', groups: [], waiting: 0, sessions: [] };

describe('desktopsTable', () => {
  it('has a line for each session and for each offline user', () => {
    const lines = stripVTControlCharacters(shown(desktopsTable([ivanov, petrov], NOW))).split('\n');
    expect(lines.map((line) => line.split(/\s{3,}/))).toEqual([
      ['USER', 'EXTENSION', 'GROUPS', 'WORKPLACE', 'ONLINE', 'WAITING', 'HOST'],
      ['erp/ivanov', '101', 'sales, all', 'DESK-7', 'for 3 h', '3, for 5 min', 'one-17'],
      ['erp/ivanov', '101', 'sales, all', 'for 30.0 s', '3, for 5 min', 'two-18'],
      ['erp/petrov', 'away', '0'],
    ]);
  });
});

describe('summary of desktops', () => {
  it('counts online users and waiting events, also of offline users', () => {
    const mailboxes = { events: 4, users: 2, oldest: '2026-03-14T09:00:00Z' };
    expect(summary([ivanov], mailboxes, NOW)).toBe(
      '1 user online in 2 sessions; 4 events in 2 mailboxes not acknowledged, the oldest for 3 h',
    );
  });

  it('reports that no user is online and no event waits', () => {
    expect(summary([], { events: 0, users: 0 }, NOW)).toBe('nobody is online; nothing waits in mailboxes');
  });
});
