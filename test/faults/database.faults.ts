import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { runId } from '@sluice/plugin-api';
import { adminList } from '../support/api.js';
import { drive, SOURCE } from '../support/drive.js';
import { sharedEngineSets, type SharedEngines } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { DRAIN_MS, FAULT_TIMEOUT_MS, FULL, REPEATS_PER_CRASH } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

/** Runs that are in progress when the database goes away. */
const RUNS = 100;
/** With 20 items each, 20,000 calls in the full selection. */
const ROUNDS = FULL ? 10 : 1;
const ITEMS = 10;
const KEYS = 10;
/** Longer than a lease. */
const AWAY_MS = 10_000;

const CALL = (id: string, data: string) =>
  `{ id: ${id}, use: onec-http.call, connection: erp, timeout: 1h, with: { method: SaveOrder, data: ${data} } }`;

/** A loop of calls with a timeout each, which ask the database, in a try with a timeout. */
const LINES_FLOW = `
sluice: 1
flow: lines
trigger: { use: event, with: { types: [lines.created] } }
steps:
  - id: around
    timeout: 2h
    try:
      steps:
        - id: each
          forEach:
            in: \${{ [1..${ITEMS}] }}
            steps:
              - ${CALL('save', "{ n: '${{ item }}' }")}
      catch:
        - ${CALL('wrong', '{}')}
`;

/** Runs in the order of their key, which is the second word of the number. */
const ORDERED_FLOW = `
sluice: 1
flow: ordered
trigger: { use: event, with: { types: [ordered.created] } }
deliver: { key: '\${{ $split(trigger.data.number, "-")[1] }}' }
steps:
  - ${CALL('first', '{}')}
  - ${CALL('second', '{}')}
`;

describe.each(sharedEngineSets)('the database is unavailable while runs are in blocks and in lanes, on $name', (backends) => {
  let servers: SharedEngines;
  let stage: Stage;

  beforeAll(async () => {
    servers = await backends.start();
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/lines.yaml': LINES_FLOW, 'flows/ordered.yaml': ORDERED_FLOW };
    stage = await Stage.open({ env: servers.env, files, onec: { latencyMs: 20 } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  it(
    'loses no call and no order, parks nothing, and takes no run for poison',
    async () => {
      const { onec } = stage;
      for (let round = 0; round < ROUNDS; round++) {
        onec.reset();
        const loops = Array.from({ length: RUNS }, (_, n) => `${round}-${n}`);
        const keys = Array.from({ length: KEYS }, (_, key) =>
          Array.from({ length: RUNS / KEYS }, (_empty, n) => `${round}-k${key}-${n}`),
        );
        const options = { doors: stage.doors, withinMs: FAULT_TIMEOUT_MS };
        const expected = [
          ...loops.flatMap((id) => Array.from({ length: ITEMS }, (_, n) => `${runId(SOURCE, id, 'lines')}/save/${n}`)),
          ...keys.flat().flatMap((id) => ['first', 'second'].map((step) => `${runId(SOURCE, id, 'ordered')}/${step}`)),
        ];
        const sent = Promise.all([
          drive(loops, { ...options, type: 'lines.created' }),
          ...keys.map((ids) => drive(ids, { ...options, type: 'ordered.created', concurrency: 1 })),
        ]);
        await until('a fifth of the calls', () => onec.stats().distinct >= expected.length / 5, FAULT_TIMEOUT_MS);
        await servers.postgres.kill();
        await pause(AWAY_MS);
        await servers.postgres.start();
        await sent;
        await until('all calls to be carried out', () => onec.stats().distinct >= expected.length, FAULT_TIMEOUT_MS);
        await stage.drained(DRAIN_MS);
        const { ids = {} } = onec.stats({ ids: true });
        expect(new Set(Object.keys(ids))).toEqual(new Set(expected));
        const repeats = Object.values(ids).reduce((sum, { count }) => sum + count - 1, 0);
        expect(repeats).toBeLessThanOrEqual(REPEATS_PER_CRASH);
        const firsts = (id: string) =>
          ['first', 'second'].map((step) => ids[`${runId(SOURCE, id, 'ordered')}/${step}`]?.first ?? -1);
        for (const ofKey of keys) {
          const arrived = ofKey.flatMap(firsts);
          expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
        }
        expect(await adminList<object>(stage.url, '/api/parked')).toEqual([]);
      }
    },
    FAULT_TIMEOUT_MS,
  );
});
