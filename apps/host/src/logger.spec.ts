import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { createLogger, toLog } from './logger.js';
import { Secrets } from './secrets.js';

function recorded(secrets: Secrets): { log: ReturnType<typeof toLog>; text: () => string } {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { log: toLog(createLogger('info', secrets, sink)), text: () => text };
}

describe('the log', () => {
  it('masks secrets anywhere in a line', () => {
    const secrets = new Secrets();
    secrets.add(['geheim', 'geheim-und-länger', '']);
    const { log, text } = recorded(secrets);
    log.warn('401 for geheim-und-länger', { url: 'http://u:geheim@host/', nested: { password: 'geheim' } });
    expect(text()).not.toContain('geheim');
    expect(text()).toContain('401 for ***"');
  });

  it('masks secrets that JSON escapes', () => {
    const secrets = new Secrets();
    secrets.add(['-----BEGIN KEY-----\nMIIB\n-----END KEY-----', 'a"b\\c']);
    const { log, text } = recorded(secrets);
    log.warn('refused: a"b\\c', { key: '-----BEGIN KEY-----\nMIIB\n-----END KEY-----' });
    expect(JSON.parse(text())).toMatchObject({ msg: 'refused: ***', key: '***' });
  });

  it('remains readable when a secret is a single letter', () => {
    const secrets = new Secrets();
    secrets.add(['p', 'a.b']);
    const { log, text } = recorded(secrets);
    log.warn('the stop of p: password=p, "p", axb, a.b');
    expect((JSON.parse(text()) as { msg: string }).msg).toBe('the stop of ***: password=***, "***", axb, ***');
  });

  it('writes one JSON object per line', () => {
    const { log, text } = recorded(new Secrets());
    log.info('ready', { port: 1 });
    expect(JSON.parse(text())).toMatchObject({ msg: 'ready', port: 1, level: 30 });
  });

  it('writes the message and the stack of an error', () => {
    const { log, text } = recorded(new Secrets());
    log.error('the plugin of /rooms/5 failed', { error: new Error('boom'), n: 1 });
    const line = JSON.parse(text()) as { error: { message: string; stack: string }; n: number };
    expect(line).toMatchObject({ error: { code: 'UNEXPECTED', message: 'boom' }, n: 1 });
    expect(line.error.stack).toContain('logger.spec');
  });

  it('writes the code, the cure and the cause of a SluiceError', () => {
    const { log, text } = recorded(new Secrets());
    log.warn('not written', { error: fail.UNREACHABLE('the database is unavailable', { cause: new Error('ECONNREFUSED') }) });
    expect(JSON.parse(text())).toMatchObject({
      error: { code: 'UNREACHABLE', message: 'the database is unavailable', cause: { message: 'ECONNREFUSED' } },
    });
  });
});
