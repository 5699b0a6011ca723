import { describe, expect, it } from '@jest/globals';
import { RequestError } from '@sluice/admin-contract';
import type { HttpRequest } from '@sluice/plugin-api';
import { FakeWorkspace, until } from '@sluice/testing';
import { closeHosts, startHost, type GatewayHost } from '../../../test/delivery/support/hosts.js';
import { MemoryMailbox } from '../../../test/delivery/support/memory-mailbox.js';

closeHosts();

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

interface Answer {
  readonly online: number;
  readonly items: readonly { readonly user: string; readonly sessions: readonly unknown[] }[];
  readonly next?: string;
  readonly remaining: number;
}

const get = async ({ services }: GatewayHost, path: string, query: Record<string, string> = {}): Promise<unknown> => {
  const request: HttpRequest = {
    method: 'GET',
    path,
    params: {},
    query,
    headers: {},
    contentType: '',
    body: Buffer.alloc(0),
  };
  return (await services.openRoutes.get(`GET ${path}`)?.handle(request))?.data;
};
const desktops = (host: GatewayHost, query?: Record<string, string>) => get(host, '/desktops', query) as Promise<Answer>;
const names = ({ items }: Answer) => items.map(({ user }) => user);

describe('GET /desktops', () => {
  const twoHosts = async () => {
    const [workspace, mailbox] = [new FakeWorkspace(), new MemoryMailbox()];
    return { workspace, here: await startHost({ workspace, mailbox }), there: await startHost({ workspace, mailbox }) };
  };

  it('returns the users of all hosts, with workplaces and the number of waiting events', async () => {
    const { here, there } = await twoHosts();
    await here.connect('petrov');
    await there.connect('ivanov', { claims: { extension: '101', groups: ['sales'] }, workplace: 'DESK-7' });
    await there.send({ to: { user: 'ivanov' }, event: 'test' });
    await until('the presence message', () => here.gateway.isOnline('operator/ivanov'));
    expect(await desktops(here)).toEqual({
      online: 2,
      items: [
        {
          user: 'operator/ivanov',
          extension: '101',
          groups: ['sales'],
          waiting: 1,
          oldest: TIME,
          sessions: [{ host: there.services.peers.id, workplace: 'DESK-7', since: TIME }],
        },
        { user: 'operator/petrov', groups: [], waiting: 0, sessions: [{ host: here.services.peers.id, since: TIME }] },
      ],
      remaining: 0,
    });
  });

  it('returns users page by page', async () => {
    const host = await startHost();
    for (const user of ['c', 'a', 'b']) await host.connect(user, { subscribe: false });
    const first = await desktops(host, { limit: '2' });
    expect([names(first), first.remaining, first.online]).toEqual([['operator/a', 'operator/b'], 1, 3]);
    await host.connect('aa', { subscribe: false });
    const second = await desktops(host, { limit: '2', cursor: first.next ?? '' });
    expect([names(second), second.next, second.online]).toEqual([['operator/c'], undefined, 4]);
  });

  it('finds one user by the short or the full name, also when the user is offline', async () => {
    const host = await startHost();
    await host.connect('ivanov', { claims: { issuer: 'trade', user: 'trade/ivanov' } });
    await host.connect('popov-ivanov');
    await host.send({ to: { user: 'operator/ivanov' }, event: 'test' });
    const both = await desktops(host, { user: 'ivanov' });
    expect(both.items).toEqual([
      { user: 'operator/ivanov', groups: [], waiting: 1, oldest: TIME, sessions: [] },
      expect.objectContaining({ user: 'trade/ivanov', sessions: [expect.anything()] }),
    ]);
    expect(names(await desktops(host, { user: 'trade/ivanov' }))).toEqual(['trade/ivanov']);
    expect(names(await desktops(host, { user: 'nobody' }))).toEqual([]);
  });

  it('requires the scope viewer, like GET /mailboxes', async () => {
    const host = await startHost();
    for (const path of ['/desktops', '/mailboxes'])
      expect(host.services.openRoutes.get(`GET ${path}`)?.route.scope).toBe('viewer');
  });

  it.each([
    { limit: '0' },
    { limit: '1001' },
    { limit: 'all' },
    { name: 'ivanov' },
    { user: '' },
    { user: '\0' },
    { cursor: 'AAAA' },
  ])('rejects an invalid query as the other routes of the admin API: %j', async (query) => {
    // the host answers it with 400 INPUT_INVALID
    await expect(desktops(await startHost(), query as Record<string, string>)).rejects.toBeInstanceOf(RequestError);
  });
});

describe('the totals of the mailboxes', () => {
  const fill = async (host: GatewayHost) => {
    for (const user of ['ivanov', 'ivanov', 'petrov']) await host.send({ to: { user }, event: 'test' });
  };

  it('are returned by GET /mailboxes', async () => {
    const host = await startHost();
    expect(await get(host, '/mailboxes')).toEqual({ events: 0, users: 0 });
    await fill(host);
    expect(await get(host, '/mailboxes')).toEqual({ events: 3, users: 2, oldest: TIME });
  });

  it('are in the metrics of one host, and of the other host after the first one has closed', async () => {
    const [workspace, mailbox] = [new FakeWorkspace(), new MemoryMailbox()];
    const now = () => new Date(Date.now() + 60_000);
    const sender = await startHost({ workspace: new FakeWorkspace(), mailbox });
    await fill(sender);
    const first = await startHost({ workspace, mailbox, now });
    const second = await startHost({ workspace, mailbox, now });
    const read = ({ services }: GatewayHost, name: string) => services.gauges.get(`sluice_mailbox_${name}`)?.();
    await until('the first host to count', () => read(first, 'events') === 3);
    expect(read(first, 'users')).toBe(2);
    expect(read(first, 'oldest_seconds')).toBeGreaterThanOrEqual(60);
    expect(['events', 'users', 'oldest_seconds'].map((name) => read(second, name))).toEqual([0, 0, 0]);
    await first.close();
    await until('the second host to count', () => read(second, 'events') === 3);
    expect(read(first, 'events')).toBe(0);
  });
});
