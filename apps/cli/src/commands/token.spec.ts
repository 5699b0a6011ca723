import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';
import { decodeJwt } from 'jose';
import { addToken } from './token.js';

describe('sluice token', () => {
  let printed: string;

  beforeEach(() => {
    printed = '';
    jest.replaceProperty(process, 'env', { ...process.env, SLUICE_TOKEN_SECRET: 'o'.repeat(32) });
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  });

  afterEach(() => void jest.restoreAllMocks());

  const signed = async (...options: string[]) => {
    const command = new Command('token').exitOverride().configureOutput({ writeErr: () => undefined });
    addToken(command);
    await command.parseAsync(['--sub', 'ivanov', '--scope', 'desktop', ...options], { from: 'user' });
    return decodeJwt(printed.trim());
  };

  it('limits the token to the workplaces of a repeated --workplace', async () => {
    expect(await signed('--workplace', 'DESK-7', '--workplace', 'home')).toMatchObject({ workplaces: ['DESK-7', 'home'] });
  });

  it('limits the token to the workplaces of a list with commas', async () => {
    expect(await signed('--workplace', 'DESK-7, home')).toMatchObject({ workplaces: ['DESK-7', 'home'] });
  });

  it('writes no claim workplaces without --workplace', async () => {
    expect(await signed()).not.toHaveProperty('workplaces');
  });

  it('rejects an empty --workplace', async () => {
    await expect(signed('--workplace', '')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });
});
