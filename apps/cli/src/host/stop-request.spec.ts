import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { stopRequest } from './stop-request.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('stopRequest', () => {
  afterEach(() => {
    jest.restoreAllMocks();
    for (const signal of SIGNALS) process.removeAllListeners(signal);
  });

  /** Returns the codes of process.exit() after signals at these times in milliseconds. */
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

  it('counts signals of one Ctrl+C as one', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGINT', 1_010])).toEqual([]);
  });

  it('ends the process at once on the second Ctrl+C', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGINT', 2_000])).toEqual([130]);
  });

  it('calls the handler of SIGHUP instead of a stop', () => {
    let times = 0;
    stopRequest(() => times++);
    process.emit('SIGHUP', 'SIGHUP');
    process.emit('SIGHUP', 'SIGHUP');
    expect(times).toBe(2);
  });

  it('does not end the process at once when its terminal closes', () => {
    expect(endsAfter(['SIGINT', 1_000], ['SIGHUP', 2_000])).toEqual([]);
  });
});
