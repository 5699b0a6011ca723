import { describe, expect, it } from '@jest/globals';
import { readEnv, readWorkspaceEnv } from './env.js';

describe('the environment', () => {
  it('has a default for everything', () => {
    expect(readEnv({})).toMatchObject({ SLUICE_HOME: '.sluice', SLUICE_HTTP_PORT: 3000, SLUICE_STOMP_PORT: 61613 });
  });

  it('treats an empty variable as unset', () => {
    expect(readEnv({ SLUICE_REDIS_URL: '' }).SLUICE_REDIS_URL).toBeUndefined();
  });

  it('rejects an unencoded percent sign in a password without showing the password', () => {
    const read = () => readEnv({ SLUICE_REDIS_URL: 'redis://u:50%geheim@h' });
    expect(read).toThrow(/SLUICE_REDIS_URL has a % in its user or password: write %25/);
    expect(read).not.toThrow(/geheim/);
    expect(readEnv({ SLUICE_REDIS_URL: 'redis://u:50%25@h' }).SLUICE_REDIS_URL).toBe('redis://u:50%25@h');
  });

  it('reports all problems at once without values', () => {
    const read = () =>
      readEnv({ SLUICE_DATABASE_URL: 'mysql://u:geheim@h/d', SLUICE_HTTP_PORT: 'x', SLUICE_TOKEN_SECRET: 'short-secret' });
    expect(read).toThrow(/SLUICE_DATABASE_URL must be a URL that begins with postgres:.*SLUICE_HTTP_PORT.*SLUICE_TOKEN_SECRET/s);
    expect(read).not.toThrow(/geheim|short-secret/);
  });
});

describe('the environment of flows', () => {
  it('does not contain the variables of the host', () => {
    expect(readWorkspaceEnv({ ERP_URL: 'http://erp', SLUICE_TOKEN_SECRET: 'geheim', sluice_token: 'geheim' })).toEqual({
      ERP_URL: 'http://erp',
    });
  });
});
