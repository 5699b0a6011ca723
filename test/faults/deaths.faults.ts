import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import type { ParkedSummary } from '@sluice/engine';
import pg from 'pg';
import { admin, adminList } from '../support/api.js';
import { drive } from '../support/drive.js';
import { startServers, type Servers } from '../support/engines.js';
import { callsIn, GRAVE_FILES } from '../support/grave.js';
import { erpWorkspace, SAVE_CALL, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { DRAIN_MS, FAULT_TIMEOUT_MS, FULL } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { judge, requestId } from '../support/witness.js';
import { makeFolder, type Folder } from '../support/workspace.js';

/** An event is delivered five times before it is suspected, and then tried three times. */
const MAX_DELIVERIES = 8;
const REPLAYS = 20;

const digFlow = (flow: string, action: string, deaths: number, more = '') => `
sluice: 1
flow: ${flow}
trigger: { use: event, with: { types: [${flow}.begun] } }
${more}
steps:
  - { id: die, use: grave.${action}, connection: grave, with: { file: '\${{ env.GRAVE }}/${flow}', deaths: ${deaths} } }
`;

/** A flow whose runs kill their host, and one that calls it. */
const CALLING_FLOWS = `
sluice: 1
flow: called
trigger: { use: flow }
steps:
  - { id: die, use: grave.dig, connection: grave, with: { file: '\${{ env.GRAVE }}/called', deaths: ${Number.MAX_SAFE_INTEGER} } }
---
sluice: 1
flow: calling
trigger: { use: event, with: { types: [calling.begun] } }
steps:
  - id: asked
    call: { flow: called, data: {} }
    onError: [{ output: '\${{ error.cause.code }}' }]
  - { id: after, use: grave.dig, connection: grave, with: { file: '\${{ env.GRAVE }}/\${{ steps.asked }}', deaths: 0 } }
`;

describe('a host that is killed at a certain moment', () => {
  let servers: Servers;
  let stage: Stage;
  let database: pg.Client;
  let grave: Folder;

  beforeAll(async () => {
    servers = await startServers();
    grave = makeFolder('grave');
    const workspace = erpWorkspace({ more: '  grave: { use: grave }' }).replace('plugins: [', "plugins: ['./grave', ");
    stage = await Stage.open({
      env: { ...servers.env, GRAVE: grave.path },
      files: {
        ...GRAVE_FILES,
        'sluice.yaml': workspace,
        'flows/save.yaml': SAVE_FLOW,
        'flows/hop.yaml': digFlow('hop', 'dig', Number.MAX_SAFE_INTEGER),
        'flows/push.yaml': digFlow('push', 'push', Number.MAX_SAFE_INTEGER),
        'flows/calling.yaml': CALLING_FLOWS,
        'flows/once.yaml': digFlow('once', 'dig', 1, "deliver: { dedupe: { key: '${{ trigger.data.text }}', within: 1d } }"),
      },
    });
    database = new pg.Client({ connectionString: servers.postgres.url });
    await database.connect();
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await database?.end();
    await stage?.close();
    await servers?.stop();
    grave?.remove();
  }, START_TIMEOUT_MS);

  const callsOf = (flow: string) => callsIn(path.join(grave.path, flow));
  const parked = (query: string) => adminList<ParkedSummary>(stage.url, `/api/parked?${query}`);

  /** Restarts the host after each death, like a service manager, until the host runs and `done` resolves with true. */
  async function survive(what: string, done: () => Promise<boolean>): Promise<void> {
    await until(
      what,
      async () => {
        if (!stage.host.runs) {
          // there is no other host, so the lease of the dead owner only has to expire
          await database.query('update sluice.lease set until = clock_timestamp()');
          await stage.host.start();
        }
        return done();
      },
      FAULT_TIMEOUT_MS,
    );
  }

  // the shorter selection has only the push, which involves more components than the hop
  it.each(FULL ? ['hop', 'push'] : ['push'])(
    'parks an event that kills the host in each %s',
    async (flow) => {
      // the host may die before it answers the sender
      const accepted = drive(['killer'], { doors: stage.doors, type: `${flow}.begun` });
      await survive('the event to be parked', async () => (await parked(`flow=${flow}`)).length === 1);
      await accepted;
      expect(await parked(`flow=${flow}`)).toMatchObject([{ error: { code: 'POISON' } }]);
      const calls = callsOf(flow);
      expect(new Set(calls)).toEqual(new Set([requestId('killer', flow, 'die')]));
      expect(calls.length).toBeLessThanOrEqual(MAX_DELIVERIES);
      // other events are still processed
      stage.onec.reset();
      await drive(['after'], { doors: stage.doors, type: 'order.created' });
      await until('another event to be served', () => stage.onec.stats().distinct === 1);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'continues the caller of a run that kills the host',
    async () => {
      const accepted = drive(['caller'], { doors: stage.doors, type: 'calling.begun' });
      await survive('the caller to go on', async () => callsOf('POISON').length > 0);
      await accepted;
      await stage.drained(DRAIN_MS);
      expect(callsOf('POISON')).toEqual([requestId('caller', 'calling', 'after')]);
      expect(await parked('flow=called')).toMatchObject([{ error: { code: 'POISON' } }]);
      expect(await parked('flow=calling')).toEqual([]);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'continues an event that has stored its dedupe key before the death, and treats another event with the key as a duplicate',
    async () => {
      const accepted = drive(['first'], { doors: stage.doors, type: 'once.begun' });
      await survive('the event to go on', async () => callsOf('once').length === 2);
      await accepted;
      await drive(['second'], { doors: stage.doors, type: 'once.begun' });
      await stage.drained(DRAIN_MS);
      expect(callsOf('once')).toEqual([requestId('first', 'once', 'die'), requestId('first', 'once', 'die')]);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'continues the replay of parked runs, each under its own id',
    async () => {
      const { onec } = stage;
      onec.reset();
      onec.setFault({ kind: 'business', times: REPLAYS });
      const events = Array.from({ length: REPLAYS }, (_, n) => `replayed-${n}`);
      await drive(events, { doors: stage.doors, type: 'order.created' });
      const runs = await until('all to be parked', async () => {
        const all = await parked('flow=save');
        return all.length === REPLAYS && all;
      });
      const replay = (run: string) => admin(stage.url, `/api/parked/${run}/replay`, {});
      const first = Promise.allSettled(runs.map(({ run }) => replay(run)));
      await until('a replay to begin', async () => {
        const { rowCount } = await database.query(`select 1 from sluice.parked_run where state <> 'parked'`);
        return (rowCount ?? 0) > 0;
      });
      await stage.host.kill9();
      await first;
      await until('the statements of the killed host to end', async () => {
        const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
        return (await database.query(others)).rowCount === 0;
      });
      // an interrupted replay continues after a minute
      await database.query(`update sluice.parked_run set state_at = state_at - interval '1 minute'`);
      await stage.host.start();
      for (const { run } of await parked('flow=save')) await replay(run);
      await until('all to be replayed', async () => {
        const { rows } = await database.query<{ state: string }>(
          `select distinct state from sluice.parked_run where flow = 'save'`,
        );
        return rows.length === 1 && rows[0]?.state === 'replayed';
      });
      await until('all to be carried out', () => onec.stats().distinct === REPLAYS);
      await stage.drained(DRAIN_MS);
      expect(judge(onec, events, SAVE_CALL)).toMatchObject({ lost: [], strangers: [] });
      expect(onec.stats().distinct).toBe(REPLAYS);
    },
    FAULT_TIMEOUT_MS,
  );
});
