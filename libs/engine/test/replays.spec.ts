import { describe, expect, it } from '@jest/globals';
import { fail, runId } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { flow, testEngines, type Answer, type TestEngine } from './engine-harness.js';

const { start } = testEngines();

const NO_RETRY = 'deliver: { retry: { attempts: 1 } }\n';

/** A flow that calls another one, whose only step is a call with a timeout. */
const CALLS = `${flow('t', '  - { id: asked, call: { flow: helper, data: {} } }\n  - { id: after, emit: { type: after } }\n', NO_RETRY)}---
sluice: 1
flow: helper
trigger: { use: flow }
${NO_RETRY}steps:
  - { id: save, use: fake.push, connection: peer, timeout: 1s, with: { text: save } }
`;

describe('a called run that was replayed alone before its caller is replayed', () => {
  /** Runs the caller until both runs are parked, and then replays the called one, which fails again. */
  async function bothParked(answer: Answer): Promise<{ machine: TestEngine; caller: string; called: string }> {
    const machine = await start({ flows: CALLS, answer });
    await machine.publish('t.asked', {}, { id: 'e' });
    await until('both rows', () => machine.database.parked.size === 2);
    const called = (await machine.store.parked.list({ flow: 'helper', limit: 1 }))[0]?.run ?? '';
    await machine.engine.parking.replay(called);
    await until('the row of the replay', () => machine.database.parked.size === 3);
    return { machine, caller: runId('/test', 'e', 't'), called };
  }

  it('is parked again when it fails again, and is not taken for the run that was dropped', async () => {
    const { machine, caller, called } = await bothParked(() => {
      throw fail.REJECTED('no');
    });
    await machine.engine.parking.drop(called);
    await machine.engine.parking.replay(caller);
    await until('the row of the called run', () => machine.database.parked.size === 5);
    expect(await machine.store.parked.get(called)).toMatchObject({ state: 'parked', step: 'save' });
  });

  it('answers its caller although the replay of the called run has ended the same step by its timeout', async () => {
    let answers = false;
    const { machine, caller } = await bothParked(
      (_call, { signal }) =>
        answers || new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(fail.TIMED_OUT('no answer')))),
    );
    answers = true;
    await machine.engine.parking.replay(caller);
    await until('the step after the call', () => machine.emitted.some(({ type }) => type === 'after'));
  });
});
