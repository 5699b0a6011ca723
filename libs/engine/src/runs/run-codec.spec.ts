import { describe, expect, it } from '@jest/globals';
import { decodeRun, encodeRun, readRun, RUN_STATE_VERSION } from './run-codec.js';
import type { Caller, RunState } from './run-state.js';

const state: RunState = {
  run: 'r',
  epoch: 0,
  flow: 'f',
  revision: '1',
  event: { id: '1', source: '/s', type: 't', time: '' },
  startedAt: 1,
  steps: { a: 'ф' },
  kind: 'push',
};

function encoded(json: unknown, body = ''): Buffer {
  const part = Buffer.from(JSON.stringify(json));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return Buffer.concat([length, part, Buffer.from(body)]);
}

describe('readRun', () => {
  it('returns the state and a body of any bytes', () => {
    const body = Buffer.from([0, 255, 0xd0, 1]);
    expect(readRun(encodeRun({ state, body }))).toEqual({ kind: 'run', run: { state, body } });
  });

  it('does not copy the body', () => {
    const bytes = encodeRun({ state, body: Buffer.alloc(1_000) });
    expect(decodeRun(bytes).body.buffer).toBe(bytes.buffer);
  });

  it('returns the callers with their states, the direct one first, and adds only the bytes of each', () => {
    const callerOf = (level: number, above?: Caller): Caller => ({
      run: `r${level}`,
      flow: 'f',
      at: 'call',
      state: encodeRun({ state: { ...state, run: `r${level}`, kind: 'result' }, body: Buffer.from([level, 0, 255]) }),
      ...(above && { caller: above }),
    });
    let caller = callerOf(0);
    const sizes: number[] = [];
    for (let level = 1; level <= 32; level++) {
      caller = callerOf(level, caller);
      const run = { state: { ...state, caller }, body: Buffer.from('body') };
      const bytes = encodeRun(run);
      sizes.push(bytes.length);
      expect(readRun(bytes)).toEqual({ kind: 'run', run });
    }
    const added = sizes.slice(1).map((size, level) => size - sizes[level]!);
    expect(Math.max(...added) - Math.min(...added)).toBeLessThan(10);
  });

  it('reads callers of version 2, which are in base64, one within another', () => {
    const outer = encoded({ v: 2, ...state, run: 'outer', kind: 'result' }, 'outer body');
    const nested = (run: string, of: Buffer) => ({ run, flow: 'f', at: 'call', state: of.toString('base64') });
    const inner = encoded({ v: 2, ...state, run: 'inner', kind: 'result', caller: nested('outer', outer) }, 'inner body');
    const { caller } = decodeRun(encoded({ v: 2, ...state, kind: 'begin', caller: nested('inner', inner) })).state;
    expect(caller).toEqual({ run: 'inner', flow: 'f', at: 'call', state: inner });
    const next = decodeRun(caller!.state);
    expect([next.state.run, next.body.toString(), next.state.caller?.state]).toEqual(['inner', 'inner body', outer]);
  });

  it('reads a state without a version, and keeps fields that it does not know', () => {
    const read = readRun(encoded({ ...state, event: { ...state.event, later: 1 }, note: 'x' }, 'body'));
    expect(read).toEqual({
      kind: 'run',
      run: { state: { ...state, event: { ...state.event, later: 1 }, note: 'x' }, body: Buffer.from('body') },
    });
  });

  it('returns the version of a state that a newer release has written, whatever its fields are', () => {
    expect(readRun(encoded({ v: RUN_STATE_VERSION + 1, frames: [] }))).toEqual({ kind: 'newer', version: RUN_STATE_VERSION + 1 });
  });

  it.each([
    ['too few bytes', Buffer.alloc(3), 'too short'],
    ['a length beyond the end', Buffer.from([0, 0, 0, 9, 1]), 'cut off'],
    ['a text that is not JSON', Buffer.from([0, 0, 0, 1, 65]), 'JSON'],
    ['a number', encoded(7), 'not an object'],
    ['a list', encoded([state]), 'not an object'],
    ['a version that is a text', encoded({ ...state, v: '2' }), '"v"'],
    ['a version below 1', encoded({ ...state, v: 0 }), '"v"'],
    ['no run', encoded({ ...state, run: '' }), '"run"'],
    ['a fraction as epoch', encoded({ ...state, epoch: 0.5 }), '"epoch"'],
    ['an unknown kind', encoded({ ...state, kind: 'dance' }), '"kind"'],
    ['steps that are a list', encoded({ ...state, steps: [] }), '"steps"'],
    ['an event without an id', encoded({ ...state, event: { source: '/s', type: 't' } }), '"event.id"'],
    [
      'a call without a number of attempts',
      encoded({ ...state, call: { plugin: 'p', action: 'a', attempt: 1, waits: 0, policy: {} } }),
      '"call.policy.attempts"',
    ],
    [
      'states of callers that are cut off',
      encoded({ ...state, v: 3, callers: [{ run: 'r', flow: 'f', at: 'a', bytes: 5 }] }, 'four'),
      '"callers"',
    ],
    ['a failure without a code', encoded({ ...state, result: { ok: false, error: { message: 'm' } } }), '"result.error.code"'],
    ['a result that is neither', encoded({ ...state, result: { output: 1 } }), '"result.ok"'],
  ])('refuses %s and names the wrong field', (_what, bytes, named) => {
    expect(readRun(bytes)).toEqual({ kind: 'unreadable', reason: expect.stringContaining(named) });
    expect(() => decodeRun(bytes)).toThrow(named);
  });
});
