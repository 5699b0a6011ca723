// Drains the queue of a flow: the measured part of the benches that compare flows of one host.

/** Messages at the beginning that are not measured. */
export const WARM = 4_000;
export const MESSAGES = 20_000;

/**
 * Returns the rate of one flow, from a full queue to the last output. The flow takes `<flow>.asked` and emits one `<flow>.done` for each.
 *
 * @param {{ host: import('./host.mjs').BenchHost, orders: import('./orders.mjs').Orders }} bench
 * @param {string} flow
 */
export async function drained({ host, orders }, flow) {
  const out = `out.${flow}`;
  await orders.freshForFlow(`flow.${flow}`, `${flow}.asked`);
  await orders.fresh(out);
  await orders.collect(out, `${flow}.done`);
  await orders.fill(`flow.${flow}`, MESSAGES, `${flow}.asked`);
  await host.start();
  const from = await orders.holds(out, WARM);
  const until = await orders.holds(out, MESSAGES);
  await host.stop();
  const { numbers } = await orders.mapped(out);
  if (numbers.size !== MESSAGES) throw new Error(`${flow}: ${MESSAGES - numbers.size} of ${MESSAGES} events are missing`);
  return { count: MESSAGES - WARM, seconds: (until - from) / 1000 };
}
