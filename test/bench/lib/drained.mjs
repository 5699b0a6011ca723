// Drains the queue of a flow: the measured part of the benches that compare flows of one host.

/** Messages at the beginning that are not measured. */
export const WARM = 4_000;
export const MESSAGES = 20_000;

/**
 * Returns the rate of one flow, from a full queue to the last output. The flow takes `<flow>.asked` and emits `<flow>.done`.
 *
 * @param {{ host: import('./host.mjs').BenchHost, orders: import('./orders.mjs').Orders }} bench
 * @param {string} flow
 * @param {{ messages?: number, outputs?: number, meanwhile?: () => () => void }} options `outputs`: number of events `<flow>.done`, default: one
 *   for each message; `meanwhile`: begins something when the host runs, and returns the function that ends it
 */
export async function drained({ host, orders }, flow, { messages = MESSAGES, outputs = messages, meanwhile } = {}) {
  const out = `out.${flow}`;
  await orders.freshForFlow(`flow.${flow}`, `${flow}.asked`);
  await orders.fresh(out);
  await orders.collect(out, `${flow}.done`);
  await orders.fill(`flow.${flow}`, messages, { type: `${flow}.asked` });
  await host.start();
  const end = meanwhile?.();
  const from = await orders.holds(out, WARM);
  const until = await orders.holds(out, outputs);
  end?.();
  await host.stop();
  const { numbers } = await orders.mapped(out);
  if (numbers.size !== outputs) throw new Error(`${flow}: ${outputs - numbers.size} of ${outputs} events are missing`);
  return { count: outputs - WARM, seconds: (until - from) / 1000 };
}
