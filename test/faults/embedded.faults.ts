import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/runtime';
import type { Desktop } from '../support/desktop.js';
import { HostProcess } from '../support/host.js';
import { connectDesktops, MAILBOX_FILES, mailboxStorm, NO_FAULTS } from '../support/mailbox-storm.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, REPEATS_PER_CRASH, storm } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

describe('a host on the embedded default', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({ files: { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW } });
  }, START_TIMEOUT_MS);

  afterAll(() => stage?.close(), START_TIMEOUT_MS);

  it(
    'loses no event when it is killed and restarted',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        const database = stage.host.postgresPid;
        await stage.host.kill9();
        await stage.host.start();
        expect(stage.host.postgresPid).toBe(database);
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'loses no event when its database is killed',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        process.kill(stage.host.postgresPid ?? 0, 'SIGKILL');
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'loses no event when both are killed',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        process.kill(stage.host.postgresPid ?? 0, 'SIGKILL');
        await stage.host.kill9();
        await stage.host.start();
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );
});

describe('events for desktops on the embedded default', () => {
  let workspace: Folder;
  let home: Folder;
  let host: HostProcess;
  let desktops = new Map<string, Desktop>();

  beforeAll(async () => {
    workspace = makeWorkspace(MAILBOX_FILES);
    home = makeFolder('home');
    const port = await freePort();
    host = new HostProcess({ workspace: workspace.path, home: home.path, env: { SLUICE_STOMP_PORT: String(port) } });
    await host.start();
    desktops = connectDesktops([port]);
    await until('all clients to be subscribed', () => [...desktops.values()].every(({ ready }) => ready));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([...desktops.values()].map((desktop) => desktop.stop()));
    await host?.dispose();
    for (const folder of [home, workspace]) folder?.remove();
  }, START_TIMEOUT_MS);

  it.each([
    {
      what: 'the host is killed',
      strike: async () => {
        await host.kill9();
        await host.start();
      },
    },
    {
      what: 'the database is killed',
      strike: async () => {
        process.kill(host.postgresPid ?? 0, 'SIGKILL');
      },
    },
    {
      what: 'both are killed',
      strike: async () => {
        process.kill(host.postgresPid ?? 0, 'SIGKILL');
        await host.kill9();
        await host.start();
      },
    },
  ])(
    'are delivered in order, with repeats marked, when $what',
    async ({ strike }) => {
      expect(await mailboxStorm(desktops, () => (host.url === undefined ? [] : [host.url]), strike)).toEqual(NO_FAULTS);
    },
    FAULT_TIMEOUT_MS,
  );
});
