import { describe, expect, it } from '@jest/globals';
import { action, definePlugin, fail, systemClock, type AnyAction, type Call, type Clock } from '@sluice/plugin-api';
import { VirtualClock } from '@sluice/memory';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import { z } from 'zod';
import { Connection } from './connection.js';
import { withReconnect } from './reconnect.js';

/** Returns a connection that cannot be opened. Each attempt fails for the next of the reasons. */
function refusedFor(reasons: readonly string[], clock: Clock = systemClock) {
  let tries = 0;
  const plugin = definePlugin({
    name: 'fake',
    api: '^1',
    connection: z.strictObject({}),
    open: async (): Promise<{ close(): Promise<void> }> => {
      throw new Error(reasons[Math.min(tries++, reasons.length - 1)]);
    },
    triggers: {},
    actions: {},
  });
  const location = { file: 'sluice.yaml', line: 1, column: 1 };
  const spec = { name: 'pbx', plugin: 'fake', location, config: {}, secrets: [] };
  const log = new MemoryLog();
  return {
    log,
    tries: () => tries,
    connection: new Connection(spec, plugin, {
      log,
      clock,
      mask: (text) => text,
      services: () => new FakeWorkspace().host(),
    }),
  };
}

describe('a source whose remote system is unavailable', () => {
  it('causes one warning for each reason, whatever the number of attempts', async () => {
    const { log, tries, connection } = refusedFor(['refused', 'refused', 'unknown host']);
    const stop = new AbortController();
    const using = withReconnect(connection, stop.signal, log, async () => undefined);
    await until('three attempts', () => tries() === 3 && log.lines.length >= 3);
    stop.abort();
    await using;
    const reasons = (level: string) =>
      log.lines.filter((line) => line.level === level).map(({ fields }) => (fields as { reason: string }).reason);
    expect(reasons('warn')).toEqual(['pbx cannot be opened: refused', 'pbx cannot be opened: unknown host']);
    // a timer that fires a moment early asks once more during the backoff
    expect(new Set(reasons('debug'))).toEqual(new Set(['pbx cannot be opened: refused']));
  });
});

describe('a source that the remote system refuses', () => {
  it('is part of the state of the connection until the source runs again or stops', async () => {
    let [client, runs] = [0, 0];
    const plugin = definePlugin({
      name: 'fake',
      api: '^1',
      connection: z.strictObject({}),
      open: async () => ({ id: client++, close: async () => undefined }),
      triggers: {},
      actions: {},
    });
    const location = { file: 'sluice.yaml', line: 1, column: 1 };
    const spec = { name: 'pbx', plugin: 'fake', location, config: {}, secrets: [] };
    const mask = (text: string) => text.replace('hunter2', '***');
    const connection = new Connection(spec, plugin, {
      log: new MemoryLog(),
      clock: systemClock,
      mask,
      services: () => new FakeWorkspace().host(),
    });
    const stop = new AbortController();
    const using = withReconnect(connection, stop.signal, new MemoryLog(), async () => {
      runs++;
      throw fail.UNAUTHORIZED('hunter2 has no read class call');
    });
    await until('a refused source', () => runs > 0 && connection.health().state === 'failing');
    expect(connection.health()).toMatchObject({ problem: '*** has no read class call' });
    stop.abort();
    await using;
    expect(connection.health()).toMatchObject({ state: 'in use' });
    await connection.close();
  });
});

describe('a connection that could not be opened', () => {
  it('is opened again after its backoff when the machine has set its clock back by an hour', async () => {
    const clock = new VirtualClock();
    const { connection, tries } = refusedFor(['refused'], clock);
    await expect(connection.client()).rejects.toThrow('refused');
    clock.setWallTime(clock.now() - 3_600_000);
    expect(connection.backoffLeftMs()).toBeLessThan(30_000);
    await clock.advance(30_000);
    await expect(connection.client()).rejects.toThrow('refused');
    expect(tries()).toBe(2);
  });
});

describe('a call whose signal fires while its connection opens', () => {
  it('is not made, and rejects with an error of a call that was not sent', async () => {
    const calls: unknown[] = [];
    const ring = action({
      title: 'Ring',
      input: z.unknown(),
      output: z.unknown(),
      idempotent: 'no',
      async run(_client: { close(): Promise<void> }, input) {
        calls.push(input);
        return 'rang';
      },
    }) as unknown as AnyAction<unknown>;
    const ends = new AbortController();
    const plugin = definePlugin({
      name: 'fake',
      api: '^1',
      connection: z.strictObject({}),
      open: async () => {
        ends.abort(new DOMException('the step has timed out', 'TimeoutError'));
        return { close: async () => undefined };
      },
      triggers: {},
      actions: {},
    });
    const location = { file: 'sluice.yaml', line: 1, column: 1 };
    const connection = new Connection({ name: 'pbx', plugin: 'fake', location, config: {}, secrets: [] }, plugin, {
      log: new MemoryLog(),
      clock: systemClock,
      mask: (text) => text,
      services: () => new FakeWorkspace().host(),
    });
    const call = { signal: ends.signal } as Call;
    await expect(connection.run({ action: ring, name: 'fake.ring', input: 1 }, call)).rejects.toMatchObject({
      message: expect.stringContaining('fake.ring was not called'),
      options: { sent: 'no' },
    });
    expect(calls).toEqual([]);
    await connection.close();
  });
});
