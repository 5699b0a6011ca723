import { describe, expect, it } from '@jest/globals';
import { definePlugin, fail, systemClock } from '@sluice/plugin-api';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import { z } from 'zod';
import { Connection } from './connection.js';
import { keepUsing } from './keep-using.js';

/** Returns a connection that cannot be opened. Each attempt fails for the next of the reasons. */
function refusedFor(reasons: readonly string[]) {
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
      clock: systemClock,
      mask: (text) => text,
      services: () => new FakeWorkspace().host(),
    }),
  };
}

describe('a source that is away', () => {
  it('causes one warning for each reason, whatever the number of attempts', async () => {
    const { log, tries, connection } = refusedFor(['refused', 'refused', 'unknown host']);
    const stop = new AbortController();
    const using = keepUsing(connection, stop.signal, log, async () => undefined);
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
    const using = keepUsing(connection, stop.signal, new MemoryLog(), async () => {
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
