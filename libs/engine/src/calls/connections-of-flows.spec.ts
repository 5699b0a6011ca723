import { describe, expect, it } from '@jest/globals';
import { definePlugin, type Host, systemClock } from '@sluice/plugin-api';
import { Connection } from '@sluice/engine';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import { z } from 'zod';

/** A client that is being opened. The test ends the opening. */
interface Opening {
  readonly host: Host;
  readonly client: { closed: number; close(): Promise<void> };
  readonly opened: () => void;
  readonly refused: (error: Error) => void;
}

function connectionOf() {
  const openings: Opening[] = [];
  const plugin = definePlugin({
    name: 'fake',
    api: '^1',
    connection: z.strictObject({}),
    open: (_config, host) =>
      new Promise<{ close(): Promise<void> }>((resolve, refused) => {
        const client = {
          closed: 0,
          async close() {
            this.closed++;
          },
        };
        openings.push({ host, client, refused, opened: () => resolve(client) });
      }),
    triggers: {},
    actions: {},
  });
  const location = { file: 'sluice.yaml', line: 1, column: 1 };
  const spec = { name: 'peer', plugin: 'fake', location, config: {}, secrets: [] };
  return {
    connection: new Connection(spec, plugin, {
      log: new MemoryLog(),
      clock: systemClock,
      mask: (text) => text,
      services: () => new FakeWorkspace().host(),
    }),
    openings,
  };
}

/** Resolves with the error that the promise rejects with. */
const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a client that is lost before it is open', () => {
  it.each(['opened', 'refused'] as const)(
    'rejects its callers, and the next client stays open, when the opening ends with %s',
    async (end) => {
      const { connection, openings } = connectionOf();
      const first = refusal(connection.client());
      openings[0]?.host.lost(new Error('cut off'));
      const second = refusal(connection.client());
      if (end === 'opened') openings[0]?.opened();
      else openings[0]?.refused(new Error('cut off'));
      expect(await Promise.all([first, second])).toMatchObject([{ sent: 'no' }, { sent: 'no' }].map((options) => ({ options })));
      expect(openings[0]?.client.closed).toBe(end === 'opened' ? 1 : 0);
      expect(connection.health()).toMatchObject({ state: 'failing', problem: 'peer cannot be opened: cut off' });
      await until('the back-off', async () => {
        void connection.client().catch(() => undefined);
        return openings.length === 2;
      });
      openings[1]?.opened();
      expect(await connection.client()).toBe(openings[1]?.client);
      expect(connection.health().state).toBe('in use');
    },
  );
});

describe('a connection that is closed', () => {
  it('opens no other client', async () => {
    const { connection, openings } = connectionOf();
    const client = connection.client();
    openings[0]?.opened();
    await client;
    await connection.close();
    expect(await refusal(connection.client())).toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
    expect(openings).toHaveLength(1);
    expect(openings[0]?.client.closed).toBe(1);
  });

  it('closes a client that was being opened', async () => {
    const { connection, openings } = connectionOf();
    const client = refusal(connection.client());
    const closed = connection.close();
    openings[0]?.opened();
    await closed;
    expect(await client).toMatchObject({ code: 'UNREACHABLE' });
    expect(openings[0]?.client.closed).toBe(1);
  });
});
