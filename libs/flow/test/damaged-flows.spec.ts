import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile } from './support/workspace.js';

const folder = new URL('fixtures/twelve/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const workspace = read('sluice.yaml');
const flows = readdirSync(new URL('flows/', folder)).map((name) => read(`flows/${name}`));
const WORDS =
  "forEach try catch raise call steps in as item loop error null [] {} 1 true output onFailure concurrency timeout key where use schedule flow cron input note switch cases when '${{ item.x }}' '${{ steps.a }}' ~ -".split(
    / (?![^']*}})/,
  );

/** Returns whole numbers below a bound, the same ones in each run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) % bound;
}

/** Deletes, repeats, moves, cuts or replaces a part of a text. */
function damage(text: string, below: (bound: number) => number): string {
  const lines = text.split('\n');
  const [a, b] = [below(lines.length), below(lines.length)];
  const line = lines[a] as string;
  const word = WORDS[below(WORDS.length)] as string;
  switch (below(6)) {
    case 0:
      lines.splice(a, 1 + below(3));
      break;
    case 1:
      lines.splice(b, 0, ...lines.slice(a, a + 1 + below(8)).map((one) => `    ${one}`));
      break;
    case 2:
      lines[a] = ' '.repeat(2 * below(6)) + line.trimStart();
      break;
    case 3:
      lines[a] = line.slice(0, below(line.length + 1));
      break;
    case 4:
      lines[a] = line.replace(/:.*/, `: ${word}`);
      break;
    default:
      lines[a] = line.replace(/[\w-]+/, word);
  }
  return lines.join('\n');
}

describe('a damaged flow', () => {
  it.each([1, 2, 3, 4])('is reported and never throws (seed %i)', (seed) => {
    const below = numbers(seed);
    for (let count = 0; count < 30; count++) {
      let text = flows[below(flows.length)] as string;
      for (let times = 0; times <= below(4); times++) text = damage(text, below);
      expect(() => compile({ workspace, flows: { 'a.yaml': text } })).not.toThrow();
    }
  });
});
