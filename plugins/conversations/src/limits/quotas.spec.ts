import { describe, expect, it } from '@jest/globals';
import type { Bearer } from '@sluice/plugin-api';
import { connection } from '../config.js';
import { Quotas } from './quotas.js';

function senderOf(person: string, scopes: readonly string[] = ['conversations']) {
  const bearer = { user: `erp/${person}`, issuer: 'erp', sub: person, scopes } as unknown as Bearer;
  return { person, application: 'erp', bearer };
}

function quotasOf(limits: object): Quotas {
  return new Quotas(connection.parse({ limits }).limits, { monotonic: () => 0 });
}

describe('Quotas', () => {
  const anna = senderOf('anna');
  const server = senderOf('erp-server', ['conversations:server']);
  const refused = expect.objectContaining({ code: 'CONVERSATIONS_RATE', options: { sent: 'no', retryAfterMs: 500 } });

  function refusalOf(work: () => void): unknown {
    try {
      return work();
    } catch (error) {
      return error;
    }
  }

  it('refuses posts of a person beyond the burst, and not those of others', () => {
    const quotas = quotasOf({ person: { postsPerSecond: 2, burst: 2 } });
    for (let n = 0; n < 2; n++) quotas.post(anna);
    expect(refusalOf(() => quotas.post(anna))).toEqual(refused);
    quotas.post(senderOf('boris'));
    for (let n = 0; n < 5; n++) quotas.post(server);
  });

  it('limits the people and the server code of an application together; refused posts do not count', () => {
    const quotas = quotasOf({ person: { postsPerSecond: 2, burst: 1 }, application: { postsPerSecond: 2, burst: 3 } });
    quotas.post(anna);
    expect(refusalOf(() => quotas.post(anna))).toEqual(refused);
    quotas.post(senderOf('boris'));
    quotas.post(server);
    expect(refusalOf(() => quotas.post(server))).toEqual(refused);
    expect(refusalOf(() => quotas.post(senderOf('vera')))).toEqual(refused);
  });

  it('limits new discussions, and counts none that existed already', () => {
    const quotas = quotasOf({ person: { discussionsPerHour: 1 } });
    quotas.create(anna);
    quotas.notCreated(anna);
    quotas.create(anna);
    expect(refusalOf(() => quotas.create(anna))).toMatchObject({ code: 'CONVERSATIONS_RATE' });
  });
});
