import { expect, it } from '@jest/globals';
import { FrameFault } from '../../src/stomp/frame.js';
import { FrameParser } from '../../src/stomp/parser.js';
import { hostilePieces } from '../fuzz/hostile.mjs';

const LIMITS = { maxFrame: 64 * 1024, maxHead: 16 * 1024, maxHeaders: 32 };
const SEEDS = 1_000;

/** Returns a text for each frame, then the kind of the fault. */
function read(pieces: readonly Buffer[]): string[] {
  const parser = new FrameParser(LIMITS);
  const seen: string[] = [];
  try {
    for (const piece of pieces) {
      parser.push(piece);
      for (let frame = parser.next(); frame; frame = parser.next()) {
        seen.push(`${frame.command} ${JSON.stringify([...frame.headers])} ${frame.body.toString('base64')}`);
      }
    }
  } catch (error) {
    if (!(error instanceof FrameFault)) throw error;
    seen.push(error.kind);
  }
  return seen;
}

it('reads malformed input alike, however it is split into pieces', () => {
  const faults = new Set<string | undefined>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const pieces = hostilePieces(seed);
    const seen = read(pieces);
    expect({ seed, seen }).toEqual({ seed, seen: read([Buffer.concat(pieces)]) });
    faults.add(seen.at(-1));
  }
  // the input must contain every kind of fault
  expect([...faults]).toEqual(
    expect.arrayContaining(['command', 'header', 'escape', 'utf8', 'content-length', 'terminator', 'limit']),
  );
});
