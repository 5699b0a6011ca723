import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FrameFault, type FaultKind } from './frame.js';
import { FrameParser, type ParserLimits } from './parser.js';

const GOLDEN = new URL('../../../../addin/test/golden/', import.meta.url);
const LIMITS: ParserLimits = { maxFrame: 4 * 1024 * 1024, maxHead: 16 * 1024, maxHeaders: 128 };

interface GoldenFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface GoldenCase {
  readonly name: string;
  readonly bytes: string;
  readonly limits?: Partial<ParserLimits>;
  readonly frames: readonly GoldenFrame[];
  readonly error?: FaultKind;
  readonly partial?: boolean;
}

interface Reading {
  frames: GoldenFrame[];
  error?: FaultKind;
  partial?: boolean;
}

/** Parses pieces and returns the result in the form of the golden files. */
function read(pieces: readonly Buffer[], limits: Partial<ParserLimits> = {}): Reading {
  const parser = new FrameParser({ ...LIMITS, ...limits });
  const frames: GoldenFrame[] = [];
  try {
    for (const piece of pieces) {
      parser.push(piece);
      for (let frame = parser.next(); frame; frame = parser.next()) {
        frames.push({ command: frame.command, headers: toRecord(frame.headers), body: frame.body.toString('base64') });
      }
    }
  } catch (error) {
    if (!(error instanceof FrameFault)) throw error;
    return { frames, error: error.kind };
  }
  return parser.partial ? { frames, partial: true } : { frames };
}

/** Uses `Object.fromEntries`, which also keeps names such as __proto__. */
const toRecord = (headers: ReadonlyMap<string, string>) => Object.fromEntries(headers) as Record<string, string>;

const oneByOne = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]));

describe.each(readdirSync(GOLDEN).filter((file) => file.endsWith('.json')))('golden frames of %s', (file) => {
  const cases = JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as GoldenCase[];

  it.each(cases.map((goldenCase) => [goldenCase.name, goldenCase] as const))(
    '%s',
    (_, { bytes, frames, limits, error, partial }) => {
      const expected = { frames, ...(error && { error }), ...(partial && { partial }) };
      const input = Buffer.from(bytes, 'base64');
      expect(read([input], limits)).toEqual(expected);
      expect(read(oneByOne(input), limits)).toEqual(expected);
      for (let at = 1; at < input.length; at++) {
        expect(read([input.subarray(0, at), input.subarray(at)], limits)).toEqual(expected);
      }
    },
  );
});

describe('the parser', () => {
  it('returns a body without copying it', () => {
    const piece = Buffer.from('SEND\n\nbody\0SEND\ncontent-length:4\n\nbody\0');
    const parser = new FrameParser(LIMITS);
    parser.push(piece);
    expect(parser.next()?.body.buffer).toBe(piece.buffer);
    expect(parser.next()?.body.buffer).toBe(piece.buffer);
  });

  it('rejects a head above its limit before the head has ended', () => {
    const endless = Buffer.alloc(200, 'x');
    expect(read([Buffer.from('SEND\na:'), endless], { maxHead: 100 })).toEqual({ frames: [], error: 'limit' });
    expect(read([Buffer.from('SEND\na:1\nb:2\nc:3\n\n\0')], { maxHead: 10 })).toEqual({ frames: [], error: 'limit' });
  });

  it('accepts bytes that arrive while frames wait to be read', () => {
    const parser = new FrameParser(LIMITS);
    parser.push(Buffer.from('SEND\n\n1\0SEND\n\n2\0SE'));
    expect(parser.next()?.body.toString()).toBe('1');
    parser.push(Buffer.from('ND\n\n3\0'));
    expect([parser.next(), parser.next(), parser.next()].map((frame) => frame?.body.toString())).toEqual(['2', '3', undefined]);
  });
});
