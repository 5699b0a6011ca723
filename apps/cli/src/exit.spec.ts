import { describe, expect, it } from '@jest/globals';
import { engineFail } from '@sluice/plugin-api';
import { CommandError, describeError, exitCodeOf, isDiskFull, UsageError } from './exit.js';

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

  it.each([
    ['ENOENT', '/x/y: there is no such file or folder: name another one'],
    ['EISDIR', '/x/y: a folder stands where a file is needed: name another one'],
    ['EACCES', '/x/y: this user may not read or write it: name another one'],
  ])('explains the error %s of a file', (code, expected) => {
    const error = Object.assign(new Error(`${code}: open '/x/y'`), { code, syscall: 'open', path: '/x/y' });
    expect(describeError(error)).toBe(expected);
  });

  it('leaves an error of a connection as it is', () => {
    const error = Object.assign(new Error('connect ENOENT /run/x'), { code: 'ENOENT', syscall: 'connect', path: '/run/x' });
    expect(describeError(error)).toBe('connect ENOENT /run/x');
  });

  it('distinguish a full disk from an output that was closed', () => {
    const isFull = (code: string) => isDiskFull(Object.assign(new Error(code), { code }));
    expect(['ENOSPC', 'EDQUOT', 'EFBIG', 'EPIPE', 'EIO'].map(isFull)).toEqual([true, true, true, false, false]);
  });
});
