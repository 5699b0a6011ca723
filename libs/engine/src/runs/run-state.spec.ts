import { describe, expect, it } from '@jest/globals';
import { decodeRun, encodeRun, type RunState } from './run-state.js';

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

describe('the state of a run', () => {
  it('travels beside a body of any bytes', () => {
    const body = Buffer.from([0, 255, 0xd0, 1]);
    expect(decodeRun(encodeRun({ state, body }))).toEqual({ state, body });
  });
  it('does not copy the body when it is read', () => {
    const bytes = encodeRun({ state, body: Buffer.alloc(1_000) });
    expect(decodeRun(bytes).body.buffer).toBe(bytes.buffer);
  });
  it.each([Buffer.alloc(0), Buffer.from([0, 0, 0, 9, 1]), Buffer.from([0, 0, 0, 1, 65])])(
    'that is damaged is refused',
    (bytes) => {
      expect(() => decodeRun(bytes)).toThrow();
    },
  );
});
