import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, VirtualClock } from '@sluice/memory';
import { flow, testEngines } from './engine-harness.js';

const { start } = testEngines();
const HOUR_MS = 3_600_000;
const REMIND =
  "  - { id: later, emit: { type: reminder.due, data: '${{ trigger.data }}', after: 30m } }\n  - { id: noted, emit: { type: noted, data: '${{ steps.later }}' } }\n";
const TAKE =
  "sluice: 1\nflow: remind\ntrigger: { use: event, with: { types: [reminder.due] } }\ndeliver: { expires: 5m }\nsteps:\n  - { id: told, emit: { type: told, data: '${{ trigger.time }}' } }\n";

/** Returns a clock and a broker on it, whose hosts come and go. */
function world() {
  const clock = new VirtualClock();
  return { clock, broker: new MemoryBroker(clock) };
}

describe('emit.after', () => {
  it('delivers the event after the delay, which deliver.expires does not count', async () => {
    const { clock, broker } = world();
    const machine = await start({ flows: [flow('order', REMIND), TAKE].join('---\n'), clock, broker });
    await machine.publish('order.asked', { number: 7 });
    await clock.advance(HOUR_MS / 2 - 1_000);
    expect(machine.emitted.map(({ type }) => type)).toEqual(['order.asked', 'noted']);
    await clock.advance(2_000);
    const due = machine.emitted.find(({ type }) => type === 'reminder.due');
    expect(due?.data).toEqual({ number: 7 });
    expect(machine.emitted.find(({ type }) => type === 'noted')?.data).toEqual({ id: due?.id, type: 'reminder.due' });
    expect(machine.emitted.filter(({ type }) => type === 'told').map(({ data }) => data)).toEqual(['2026-01-05T09:00:00.000Z']);
    expect(machine.unrouted).toEqual(['noted', 'told']);
  });

  it('counts deliver.expires from the time at which the event was due, also when no host ran then', async () => {
    const { clock, broker } = world();
    const flows = [flow('order', REMIND), TAKE].join('---\n');
    const first = await start({ flows, clock, broker });
    await first.publish('order.asked', {});
    await clock.advance(1_000);
    await first.stop();
    await clock.advance(HOUR_MS);
    const second = await start({ flows, clock, broker });
    await clock.advance(1_000);
    expect(second.outcomes).toEqual([{ flow: 'remind', outcome: 'expired' }]);
  });

  it('is routed when it is due: to a flow that was added meanwhile, and to unrouted when no flow takes it any more', async () => {
    const { clock, broker } = world();
    const asker = flow('order', REMIND);
    const first = await start({ flows: asker, clock, broker });
    await first.publish('order.asked', { number: 1 });
    await clock.advance(1_000);
    await first.stop();
    const second = await start({ flows: [asker, TAKE].join('---\n'), clock, broker });
    await clock.advance(HOUR_MS);
    expect(second.outcomes).toEqual([{ flow: 'remind', outcome: 'done' }]);
    await second.publish('order.asked', { number: 2 });
    await clock.advance(1_000);
    await second.stop();
    const third = await start({ flows: asker, clock, broker });
    await clock.advance(HOUR_MS);
    expect(third.unrouted).toEqual(['reminder.due']);
  });
});
