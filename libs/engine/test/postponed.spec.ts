import { afterEach, describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { startTestEngine } from './engine-harness.js';

const FLOW = `
sluice: 1
flow: campaign
trigger: { use: event, with: { types: [number.given] } }
deliver: { retry: { attempts: 1 } }
steps:
  - id: dial
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.number }}' }
`;

let machine: Awaited<ReturnType<typeof startTestEngine>>;

afterEach(() => machine.stop());

describe('a call that is not due yet', () => {
  it('is made when it is due, spends no attempt and delays no other call', async () => {
    machine = await startTestEngine({
      flows: FLOW,
      answer: ({ input }) => {
        const early = machine.calls.filter((call) => call.input.text === input.text).length <= 2;
        if (input.text === 'later' && early) throw fail.TIMED_OUT('not the hour for it', { sent: 'no', postponeMs: 5 });
        return { ok: true };
      },
    });
    await machine.publish('number.given', { number: 'later' });
    await machine.publish('number.given', { number: 'now' });
    await machine.ended('done', 2);
    const later = machine.calls.filter(({ input }) => input.text === 'later');
    expect(later.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(new Set(later.map(({ id }) => id)).size).toBe(1);
    expect(machine.pacer.ends.filter(({ retryAfterMs }) => retryAfterMs !== undefined)).toEqual([]);
  });
});
