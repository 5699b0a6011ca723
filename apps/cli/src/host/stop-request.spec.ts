import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { stopRequest } from './stop-request.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('the request to stop', () => {
  afterEach(() => {
    jest.restoreAllMocks();
    for (const signal of SIGNALS) process.removeAllListeners(signal);
  });

  /** The codes with which the process was ended at once, after signals at these milliseconds. */
  function endsAfter(...signals: readonly (readonly [NodeJS.Signals, number])[]) {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const clock = jest.spyOn(performance, 'now');
    stopRequest();
    for (const [signal, at] of signals) {
      clock.mockReturnValue(at);
      process.emit(signal, signal);
    }
    return exit.mock.calls.map(([code]) => code);
  }

  it('is one Ctrl+C, by whatever ways it comes', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGINT', 1_010])).toEqual([]);
  });

  it('becomes impatient with the second', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGINT', 2_000])).toEqual([130]);
  });

  it('does not become impatient when its terminal closes', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGHUP', 2_000])).toEqual([]);
  });
});
