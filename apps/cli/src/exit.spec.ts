import { describe, expect, it } from '@jest/globals';
import { engineFail } from '@sluice/plugin-api';
import { CommandError, describeError, exitCodeOf, UsageError } from './exit.js';

describe('errors of a command', () => {
  it('are printed as one line with the cure', () => {
    expect(describeError(engineFail.BUS_UNAVAILABLE('the broker is unavailable\n  since noon'))).toBe(
      'the broker is unavailable since noon: check that the message broker runs, for example with sluice doctor',
    );
    expect(describeError(engineFail.CONFIG_INVALID('port 1 is in use: set SLUICE_HTTP_PORT'))).toBe(
      'port 1 is in use: set SLUICE_HTTP_PORT',
    );
  });

  it('exit with 2 for wrong arguments and otherwise with 1', () => {
    expect([exitCodeOf(new UsageError('no')), exitCodeOf(new CommandError('no')), exitCodeOf('no')]).toEqual([2, 1, 1]);
  });
});
