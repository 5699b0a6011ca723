import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { failures, type Bearer, type PluginConnections, type Tokens } from '@sluice/plugin-api';
import { connectionGuard, type ConnectionClient } from '../src/connection-guard.js';
import { problems } from '../src/problems.js';

const fail = failures({
  NOTES_MISSING: { fate: 'rejected', cure: 'check the name' },
  NOTES_FORBIDDEN: { fate: 'rejected', cure: 'use another token' },
});
const { asHttp, shownProblem } = problems({ NOTES_MISSING: 404, NOTES_FORBIDDEN: 403 });

interface Notes extends ConnectionClient {
  readonly name: string;
}

const tokens = { verify: (token) => Promise.resolve({ user: token } as Bearer) } as Partial<Tokens> as Tokens;
const notes = (...names: readonly string[]) =>
  ({
    of: () => new Map(names.map((name) => [name, () => Promise.resolve({ name, tokens, close: () => Promise.resolve() })])),
  }) as unknown as PluginConnections;

const { Guard } = connectionGuard<Notes, { at: string; user: string }>({
  plugin: 'notes',
  parameter: 'book',
  missing: (name) => fail.NOTES_MISSING(`no book ${name}`),
  authorize: (_, { user }, method) => {
    if (user !== 'anna' && method !== 'GET') throw fail.NOTES_FORBIDDEN(`${user} only reads`);
  },
  visit: ({ name }, { user }) => ({ at: name, user }),
  asHttp,
});

/** Resolves with the status of a rejection, or with true. */
async function answer(connections: PluginConnections, user: string, method: string, book?: string) {
  const request = { method, headers: { authorization: `Bearer ${user}` }, params: { ...(book !== undefined && { book }) } };
  const context = { switchToHttp: () => ({ getRequest: () => request }) } as unknown as ExecutionContext;
  return new Guard(connections).canActivate(context) as Promise<boolean>;
}

describe('the guard of connections', () => {
  it('admits a bearer to a connection by its name, and to the first one without a name', async () => {
    expect(await answer(notes('first', 'second'), 'anna', 'POST', 'second')).toBe(true);
    expect(await answer(notes('first'), 'boris', 'GET')).toBe(true);
  });

  it('rejects the method before the name, so that names are answered to authorized bearers only', async () => {
    await expect(answer(notes('first'), 'boris', 'POST', 'unknown')).rejects.toMatchObject({ status: 403 });
    await expect(answer(notes('first'), 'anna', 'POST', 'unknown')).rejects.toMatchObject({ status: 404 });
  });

  it('answers that there is no connection at all', async () => {
    await expect(answer(notes(), 'anna', 'GET')).rejects.toMatchObject({ status: 404, response: { code: 'NOTES_MISSING' } });
  });
});

describe('problems', () => {
  it('answer codes of the plugin and of the host with their status and details, and unknown ones with 502', async () => {
    const late = fail.NOTES_MISSING('gone', { details: { version: 3 } });
    await expect(shownProblem(() => Promise.reject(late))).rejects.toMatchObject({
      status: 404,
      response: { code: 'NOTES_MISSING', message: 'gone', cure: 'check the name', version: 3 },
    });
    const other = failures({ OTHER: { fate: 'rejected', cure: 'none' } });
    expect(asHttp(other.OTHER('other'))).toMatchObject({ status: 502 });
    expect(asHttp(new TypeError('bug'))).toBeInstanceOf(TypeError);
  });
});
