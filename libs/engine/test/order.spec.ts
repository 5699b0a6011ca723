import { describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const KEY = "deliver: { key: '${{ trigger.subject }}' }\n";
const SAY = "  - { id: say, use: fake.say, connection: quick, with: { text: '${{ trigger.data.n }}' } }\n";
const PUSH = "  - { id: push, use: fake.push, connection: peer, with: { text: '${{ trigger.data.n }}' } }\n";
const DONE = "  - { id: done, emit: { type: shop.done, data: { n: '${{ trigger.data.n }}', key: '${{ trigger.subject }}' } } }\n";

describe('the order of a flow with deliver.key', () => {
  const engines = testEngines();

  const publish = async (engine: TestEngine, key: string, n: number) =>
    engine.publish('shop.asked', { n: String(n) }, { subject: key, id: `${key}-${n}` });
  const done = (engine: TestEngine) =>
    engine.emitted.filter(({ type }) => type === 'shop.done').map(({ data }) => data as { n: string; key: string });
  const lanes = async (engine: TestEngine) => (await engine.store.lanes.count()).filter(({ flow: name }) => name === 'shop');

  it('runs events of one key one after another in order of acceptance, and other keys beside them', async () => {
    let open = 0;
    let most = 0;
    const engine = await engines.start({
      flows: flow('shop', SAY + DONE, KEY),
      answer: async () => {
        open++;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        return {};
      },
    });
    for (let n = 0; n < 30; n++) await publish(engine, 'abc'[n % 3]!, n);
    await engine.ended('done', 30);
    for (const [index, key] of [...'abc'].entries()) {
      expect(
        done(engine)
          .filter((one) => one.key === key)
          .map(({ n }) => Number(n)),
      ).toEqual(Array.from({ length: 10 }, (_, n) => n * 3 + index));
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(await lanes(engine)).toEqual([]);
  });

  it('passes the key on as partitionkey of emitted events that have none of their own', async () => {
    const own = '  - { id: own, emit: { type: shop.own, partitionkey: mine } }\n';
    const taker = `sluice: 1
flow: taker
trigger: { use: event, with: { types: [shop.done, shop.own] } }
steps: [{ id: seen, emit: { type: seen, data: '\${{ trigger.partitionkey }}' } }]
`;
    const engine = await engines.start({ flows: `${flow('shop', DONE + own, KEY)}---\n${taker}` });
    await publish(engine, 'a', 1);
    await engine.ended('done', 3);
    const seen = engine.emitted.filter(({ type }) => type === 'seen').map(({ data }) => data);
    expect(seen.toSorted()).toEqual(['a', 'mine']);
  });

  it('never touches the database for a run that ends within its hop with nobody behind it', async () => {
    const engine = await engines.start({ flows: flow('shop', DONE, KEY) });
    const { write } = engine.store.lanes;
    let writes = 0;
    engine.store.lanes.write = (...args) => {
      writes++;
      return write(...args);
    };
    for (let n = 0; n < 50; n++) await publish(engine, `k${n}`, n);
    await engine.ended('done', 50);
    expect(writes).toBe(0);
  });

  it('keeps the lane of a run that waits for its call, and continues in order', async () => {
    const engine = await engines.start({ flows: flow('shop', PUSH + DONE, KEY) });
    engine.pacer.open = false;
    for (let n = 0; n < 6; n++) await publish(engine, 'a', n);
    await until('the events to be held', async () => (await lanes(engine))[0]?.held === 5);
    engine.pacer.regain();
    await engine.ended('done', 6);
    expect(engine.calls.map(({ input }) => input.text)).toEqual(['0', '1', '2', '3', '4', '5']);
    await until('the lanes to be free', async () => (await lanes(engine)).length === 0);
  });
});
