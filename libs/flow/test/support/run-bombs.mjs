/**
 * Usage: `node --max-old-space-size=320 run-bombs.mjs NAME…`. Evaluates the expressions of these names, and prints a line of JSON for each
 * with an upper bound of the time that it blocked its thread: the smaller of the wall time and the processor time of the process, which
 * includes the threads of the garbage collector.
 */
import { compileTemplate, parseText } from '../../dist/expression/index.js';
import { BOMBS, FUNCTION_CASES } from './bombs.mjs';

const MIB = 1024 * 1024;

function scopeOf(data) {
  const context = {
    now: Date.UTC(2026, 1, 1, 7),
    uuid: (name) => `uuid of ${name?.slice(0, 10)}`,
    timezone: 'Europe/Moscow',
    country: 'RU',
  };
  return { trigger: { id: 'e1', type: 'order.created', data }, steps: {}, vars: {}, env: {}, run: {}, context };
}

async function measure(name, source, makeData) {
  const locationOf = () => ({ file: 'flow.yaml', line: 1, column: 1 });
  const template = compileTemplate({ kind: 'text', text: parseText(`\${{ ${source} }}`), locationOf });
  const scope = scopeOf(makeData());
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let code = 'ok';
  let message = '';
  try {
    await template.render(scope);
  } catch (error) {
    ({ code, message } = error);
  }
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  const heldMs = Math.round(Math.min(wallMs, (user + system) / 1000));
  const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / MIB;
  console.log(JSON.stringify({ name, source, code, message, heldMs, heapMiB: Math.round(heapMiB) }));
}

for (const name of process.argv.slice(2)) {
  const bomb = BOMBS[name];
  if (bomb) await measure(name, bomb[0], bomb[1]);
  else for (const [source, makeData] of FUNCTION_CASES[name]) await measure(name, source, makeData);
}
