import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { runId } from '@sluice/plugin-api';
import type { ParkedSummary } from '@sluice/engine';
import { admin, adminList } from '../support/api.js';
import { drive, SOURCE } from '../support/drive.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { NOTEBOOK_FILES, notesIn } from '../support/notebook.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { DRAIN_MS, FAULT_TIMEOUT_MS, FULL } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const EVENTS = FULL ? 20_000 : 200;
/** Runs that are replayed or dropped one by one. */
const REPLAYED = FULL ? 1_000 : 40;

/** Ways in which a called run ends, and the name of the file into which its caller then writes. */
const ENDS = { reply: 'told', stop: 'nothing', park: 'CALL_FAILED', large: 'CALL_FAILED' } as const;
const KINDS = Object.keys(ENDS) as (keyof typeof ENDS)[];

/** Calls a flow and then writes the id of its own step, into a file that is named after the result. */
const caller = (flow: string, called: string, more: string) => `
sluice: 1
flow: ${flow}
trigger: { use: event, with: { types: [${flow}.created] } }
deliver: { retry: { attempts: 1 } }
steps:
  - id: asked
    call: { flow: ${called}, data: { kind: '\${{ $split(trigger.data.number, "-")[2] }}' } }
${more}
  - { id: after, use: notebook.write, connection: paced, with: { file: '\${{ env.NOTES }}/${flow}-\${{ steps.asked = null ? "nothing" : steps.asked }}' } }
`;
const HANDLED = "    onError: [{ output: '${{ error.code }}' }]";

/** Ends as the caller says. A state with 9 MB cannot travel to the next call. */
const HELPER_FLOW = `
sluice: 1
flow: helper
trigger: { use: flow }
deliver: { retry: { attempts: 1 } }
steps:
  - id: kind
    switch:
      cases:
        - when: \${{ trigger.data.kind = "stop" }}
          steps:
            - { id: end, stop: {} }
        - when: \${{ trigger.data.kind = "park" }}
          steps:
            - { id: refused, use: notebook.once, connection: paced, with: { file: '\${{ env.NOTES }}/helper', refused: true } }
        - when: \${{ trigger.data.kind = "large" }}
          steps:
            - { id: large, set: '\${{ $pad("", 9000000, "x") }}' }
            - { id: unreached, use: notebook.once, connection: paced, with: { file: '\${{ env.NOTES }}/helper' } }
      otherwise: []
  - { id: told, reply: { data: told } }
`;

/** Waits for a closed 1C until its event expires. */
const LATE_FLOW = `
sluice: 1
flow: late
trigger: { use: flow }
deliver: { expires: 3s }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: {} } }
`;

/** Waits for a closed 1C until its caller's timeout. */
const SLOW_FLOW = LATE_FLOW.replace('flow: late', 'flow: slow').replace('deliver: { expires: 3s }\n', '');

describe.each(engineSets)('flows that call flows on $name', (backends) => {
  let engines: StartedEngines;
  let stage: Stage;
  let notes: Folder;
  let rounds = 0;

  beforeAll(async () => {
    engines = await backends.start();
    notes = makeFolder('notes');
    const workspace = erpWorkspace({ more: '  paced: { use: notebook }' }).replace('plugins: [', "plugins: ['./notebook', ");
    stage = await Stage.open({
      env: { ...engines.env, NOTES: notes.path },
      files: {
        ...NOTEBOOK_FILES,
        'sluice.yaml': workspace,
        'flows/ask.yaml': caller('ask', 'helper', HANDLED),
        'flows/wait.yaml': caller('wait', 'late', HANDLED),
        'flows/bound.yaml': caller('bound', 'slow', '    timeout: 2s'),
        'flows/helper.yaml': HELPER_FLOW,
        'flows/late.yaml': LATE_FLOW,
        'flows/slow.yaml': SLOW_FLOW,
      },
    });
  }, START_TIMEOUT_MS);

  afterEach(() => stage?.onec.setFault());
  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
    notes?.remove();
  }, START_TIMEOUT_MS);

  const eventIds = (count: number, kinds: readonly string[]) => {
    const round = ++rounds;
    return Array.from({ length: count }, (_, n) => `${round}-${n}-${kinds[n % kinds.length] ?? ''}`);
  };
  const afterOf = (events: readonly string[], flow: string) => events.map((event) => `${runId(SOURCE, event, flow)}/after`);
  const notesOf = (name: string) => new Set(notesIn(path.join(notes.path, name)));
  const parked = (flow: string) => adminList<ParkedSummary>(stage.url, `/api/parked?flow=${flow}&limit=1000`);

  it(
    'continue however the called run ends, although the host is killed: by a reply, a stop, a failure, or a state that is too large',
    async () => {
      const events = eventIds(EVENTS, KINDS);
      const ended = () => Object.values(ENDS).reduce((sum, name) => sum + notesOf(`ask-${name}`).size, 0) >= EVENTS / 4;
      const driving = drive(events, { doors: stage.doors, type: 'ask.created', withinMs: FAULT_TIMEOUT_MS });
      await until('a quarter of the callers to end', ended, FAULT_TIMEOUT_MS);
      await stage.host.kill9();
      await stage.host.start();
      await driving;
      await stage.drained(DRAIN_MS);
      for (const name of new Set(Object.values(ENDS))) {
        const ofName = events.filter((_event, n) => ENDS[KINDS[n % KINDS.length] as keyof typeof ENDS] === name);
        expect(notesOf(`ask-${name}`)).toEqual(new Set(afterOf(ofName, 'ask')));
      }
      expect(await parked('ask')).toEqual([]);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'continue when the events of the called runs expire in front of a closed 1C',
    async () => {
      stage.onec.setFault({ kind: 'down' });
      const events = eventIds(EVENTS, ['x']);
      await drive(events, { doors: stage.doors, type: 'wait.created', withinMs: FAULT_TIMEOUT_MS });
      await until('all callers to end', () => notesOf('wait-CALL_FAILED').size === EVENTS, FAULT_TIMEOUT_MS);
      expect(notesOf('wait-CALL_FAILED')).toEqual(new Set(afterOf(events, 'wait')));
      stage.onec.setFault();
      await stage.drained(DRAIN_MS);
      expect([await parked('wait'), await parked('late')]).toEqual([[], []]);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'end when they are replayed after their timeout, whether the called run was replayed, dropped, or left parked before',
    async () => {
      const { onec } = stage;
      onec.reset();
      onec.setFault({ kind: 'down' });
      const events = eventIds(REPLAYED, ['x']);
      await drive(events, { doors: stage.doors, type: 'bound.created', withinMs: FAULT_TIMEOUT_MS });
      const bothParked = async () => {
        const [callers, called] = [await parked('bound'), await parked('slow')];
        return callers.length === REPLAYED && called.length === REPLAYED && { callers, called };
      };
      const { callers, called } = await until('all runs to be parked', bothParked, FAULT_TIMEOUT_MS);
      const byThird = (third: number) => called.filter((_run, n) => n % 3 === third);
      onec.setFault();
      for (const { run } of byThird(0)) await admin(stage.url, `/api/parked/${run}/replay`, {});
      for (const { run } of byThird(1)) await admin(stage.url, `/api/parked/${run}/drop`, {});
      await stage.drained(DRAIN_MS);
      for (const { run } of callers) await admin(stage.url, `/api/parked/${run}/replay`, {});
      const written = () => notesOf('bound-nothing').size;
      await until('all callers to end', () => written() === REPLAYED, FAULT_TIMEOUT_MS);
      await stage.drained(DRAIN_MS);
      expect(notesOf('bound-nothing')).toEqual(new Set(afterOf(events, 'bound')));
      expect(await parked('bound')).toEqual([]);
      expect((await parked('slow')).length).toBe(byThird(2).length);
    },
    FAULT_TIMEOUT_MS,
  );
});
