/**
 * Usage: `node run-slow-flow.mjs NAME`. Runs one event through a flow of `SLOW_FLOWS` in an engine in memory, and prints a line of JSON: the
 * outcome, the error of a parked run, and the longest time for which the event loop was blocked. That is the smaller of the wall time and of
 * the processor time of the process between two turns of the event loop.
 */
import { systemClock } from '@sluice/plugin-api';
import { compileWorkspace, formatFindings, parseWorkspaceFile } from '@sluice/flow';
import { Engine, ROLES } from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryPacer, MemoryStore } from '@sluice/memory';
import { SLOW_FLOWS } from './slow-flows.mjs';

const source = (file, text) => ({ file, bytes: Buffer.from(text) });

function workspaceOf(flows) {
  const parsed = parseWorkspaceFile(source('sluice.yaml', 'sluice: 1\nplugins: []\nconnections: {}\n'));
  const compiled = compileWorkspace({
    workspace: parsed.file,
    flows: [source('flows/slow.yaml', flows)],
    plugins: new Map(),
    env: {},
  });
  if (!compiled.workspace) throw new Error(formatFindings(compiled.findings));
  return compiled.workspace;
}

let longestMs = 0;
let watching = false;

/** Compares the times of two turns of the event loop. */
function watch(beganMs = performance.now(), cpu = process.cpuUsage()) {
  setImmediate(() => {
    const { user, system } = process.cpuUsage(cpu);
    if (watching) longestMs = Math.max(longestMs, Math.min(performance.now() - beganMs, (user + system) / 1000));
    watch();
  });
}

const store = new MemoryStore(new MemoryDatabase());
let end;
const ended = new Promise((resolve) => (end = resolve));
const nothing = () => undefined;
const observer = {
  accepted: nothing,
  unrouted: nothing,
  hop: (_flow, _ms, outcome) => outcome !== 'suspended' && end(outcome),
  unwanted: nothing,
  filtered: nothing,
  called: nothing,
  parked: (_flow, error) => (parkedError = error),
};
let parkedError;
const engine = new Engine({
  workspace: workspaceOf(SLOW_FLOWS[process.argv[2]]),
  plugins: new Map(),
  bus: new MemoryBroker().connect(),
  store,
  pacer: new MemoryPacer(),
  // no plugin is loaded, so none of them is used
  capabilities: { tokens: nothing, routes: {}, database: nothing, meter: nothing },
  observer,
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  clock: systemClock,
  hostId: 'host-1',
  roles: new Set(ROLES),
  mask: (text) => text,
});
await engine.start();
engine.ready();
watch();
// the first turns compile the code
await new Promise((resolve) => setTimeout(resolve, 50));
watching = true;
await engine.ingress.publish({ type: 'slow.asked', source: '/test', data: { long: 'x'.repeat(50_000) } });
const outcome = await ended;
await new Promise((resolve) => setImmediate(resolve));
const { code, message, step } = parkedError ?? {};
console.log(JSON.stringify({ outcome, heldMs: Math.round(longestMs), code, message, step }));
process.exit(0);
