import { describe, expect, it } from '@jest/globals';
import { ConversationsApi, onlyConnection } from './conversations-api.js';
import type { HostApi } from './host-api.js';

const MAIN = { id: 's-1', code: 'main', title: 'Main', isLocked: false };

/** A host that answers by path, and its requests. */
function hostOf(answers: Readonly<Record<string, unknown>>) {
  const requests: unknown[] = [];
  const answer = async (...request: unknown[]) => {
    requests.push(request);
    return answers[String(request[1])];
  };
  const api = {
    get: (path: string) => answer('GET', path),
    post: (path: string, body: object) => answer('POST', path, body),
    patch: (path: string, body: object) => answer('PATCH', path, body),
  } as unknown as HostApi;
  return { conversations: new ConversationsApi(api, 'talks'), requests };
}

describe('ConversationsApi', () => {
  const SUBSCRIBERS = '/api/conversations/talks/subscribers';

  it('reads subscribers until a page is not full', async () => {
    const page = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...MAIN, code: `org-${String(from + n).padStart(5, '0')}` }));
    const { conversations, requests } = hostOf({
      [`${SUBSCRIBERS}?after=`]: { subscribers: page(0, 1_000) },
      [`${SUBSCRIBERS}?after=org-00999`]: { subscribers: page(1_000, 2) },
    });
    expect(await conversations.subscribers()).toHaveLength(1_002);
    expect(requests).toHaveLength(2);
  });

  it('rejects an unknown code with the command that lists the subscribers', async () => {
    const { conversations } = hostOf({ [`${SUBSCRIBERS}?after=`]: { subscribers: [MAIN] } });
    expect(await conversations.subscriber('main')).toEqual(MAIN);
    await expect(conversations.subscriber('romashka')).rejects.toThrow(/no subscriber romashka: "sluice subscribers ls"/);
  });

  it('replaces a key and locks an application of a subscriber', async () => {
    const key = { application: 'a-1', issuer: 'app-1', key: 'secret' };
    const { conversations, requests } = hostOf({ [`${SUBSCRIBERS}/s-1/applications/a-1/keys`]: key });
    expect(await conversations.rotateKey(MAIN, { id: 'a-1' }, false)).toEqual(key);
    await conversations.changeApplication(MAIN, { id: 'a-1' }, { isLocked: true });
    expect(requests).toEqual([
      ['POST', `${SUBSCRIBERS}/s-1/applications/a-1/keys`, { keepsOld: false }],
      ['PATCH', `${SUBSCRIBERS}/s-1/applications/a-1`, { isLocked: true }],
    ]);
  });

  it('reports an answer in another format', async () => {
    const { conversations } = hostOf({ [`${SUBSCRIBERS}?after=`]: { subscribers: [{ id: 's-1' }] } });
    await expect(conversations.subscribers()).rejects.toThrow(/in another format \(subscribers\.0\.code: .*of the release/);
  });
});

describe('onlyConnection', () => {
  const withConnections = (...connections: readonly [connection: string, plugin: string][]) => ({
    url: 'http://host',
    admin: { status: async () => ({ connections: connections.map(([connection, plugin]) => ({ connection, plugin })) }) },
  });
  const nameOf = (...connections: readonly [string, string][]) =>
    onlyConnection(withConnections(...connections) as unknown as HostApi);

  it('returns the only connection of conversations', async () => {
    expect(await nameOf(['erp', 'onec-http'], ['talks', 'conversations'])).toBe('talks');
  });

  it('asks for --connection when there are several, and for a connection when there is none', async () => {
    await expect(nameOf(['talks', 'conversations'], ['chat', 'conversations'])).rejects.toThrow(/--connection: talks, chat/);
    await expect(nameOf(['erp', 'onec-http'])).rejects.toThrow(/http:\/\/host serves no conversations/);
  });
});
