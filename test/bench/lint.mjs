// bench lint: processor time of `sluice lint` over a workspace of 500 flows (about 20,000 lines), and of its parts. No rival.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median, record } from './lib/frame.mjs';
import { flowText, WORKSPACE } from './lib/many-flows.mjs';

const FLOWS = 500;
const ROUNDS = 5;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = `${ROOT}apps/cli/bin/sluice.js`;

// below node_modules, so that the packages of the plugins are found
const folder = mkdtempSync(`${ROOT}node_modules/.lint-bench-`);
try {
  const [whole, single] = [workspace('whole', FLOWS), workspace('single', 1)];
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    // an empty program of Node shows how fast the machine is at the moment
    rounds.push({
      whole: cpuSeconds([CLI, 'lint', '--workspace', whole.folder]),
      single: cpuSeconds([CLI, 'lint', '--workspace', single.folder]),
      node: cpuSeconds(['-e', '0']),
    });
  }
  const [all, start, node] = ['whole', 'single', 'node'].map((key) => median(rounds.map((each) => each[key])));
  record(
    'lint',
    { flows: FLOWS, lines: whole.lines, all, start, node, rounds },
    `${FLOWS} flows, ${whole.lines} lines in ${all.toFixed(2)} s of processor time; one flow ${start.toFixed(2)} s, Node alone ${node.toFixed(3)} s`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes a workspace with the given number of flows. */
function workspace(name, count) {
  const target = `${folder}/${name}`;
  mkdirSync(`${target}/flows`, { recursive: true });
  writeFileSync(`${target}/sluice.yaml`, WORKSPACE);
  let lines = 0;
  for (let number = 0; number < count; number++) {
    const text = flowText(number);
    lines += text.split('\n').length - 1;
    writeFileSync(`${target}/flows/flow-${number}.yaml`, text);
  }
  return { folder: target, lines };
}

/** Returns the processor time of a program, all its threads included. */
function cpuSeconds(args) {
  // the shell's `times` prints its own times in the first line, those of its children in the second
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', '"$@" >/dev/null 2>&1; code=$?; times; exit $code', 'sh', process.execPath, ...args],
    { encoding: 'utf8' },
  );
  if (status === null || status > 1) throw new Error(`${args.join(' ')} ended with ${status}`);
  const [, children = ''] = stdout.trim().split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
