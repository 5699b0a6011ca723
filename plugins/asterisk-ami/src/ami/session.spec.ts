import { systemClock } from '@sluice/plugin-api';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PbxOptions } from '@sluice/emulator';
import { CERTIFICATE, FakeHost, KEY, MemoryLog, until } from '@sluice/testing';
import { reaching, startExchange } from '../../test/ami-peer.js';
import { connection } from '../config.js';
import { AmiSession, type EventSink } from './session.js';

const closing: (() => Promise<void>)[] = [];
const DEAF: EventSink = { wants: () => false, event: () => undefined, missed: () => undefined };

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(config: object, log = new MemoryLog()) {
  const host = new FakeHost('pbx', () => new Date(), 'UTC');
  const session = await AmiSession.open(connection.parse(config), DEAF, { log, clock: systemClock, signal: host.signal });
  closing.push(() => session.close());
  return session;
}

async function start(options: Partial<PbxOptions> = {}) {
  const pbx = await startExchange(options);
  closing.push(() => pbx.close());
  return pbx;
}

/** Starts a server that is no Asterisk. */
async function listen(greet: string): Promise<{ host: string; port: number; user: string; secret: string; timeout: string }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(greet);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  );
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'u', secret: 's', timeout: '200ms' };
}

describe('a session', () => {
  it('does not send the secret itself', async () => {
    const pbx = await start();
    await open(reaching(pbx));
    expect(pbx.stats()).toMatchObject({ logins: 1 });
  });

  it('rejects a wrong secret with a fatal error that contains no secret', async () => {
    const pbx = await start();
    const failure = open({ ...reaching(pbx), secret: 'nicht-das-richtige' });
    await expect(failure).rejects.toMatchObject({ code: 'AMI_LOGIN_REFUSED', fate: 'fatal', options: { sent: 'no' } });
    await expect(failure).rejects.not.toThrow(/nicht-das-richtige/);
  });

  it('reports a banned address', async () => {
    const pbx = await start();
    pbx.setFault('ban');
    await expect(open(reaching(pbx))).rejects.toMatchObject({
      code: 'AMI_TURNED_AWAY',
      fate: 'unavailable',
      options: { sent: 'no' },
    });
  });

  it('reports a port without a server', async () => {
    const pbx = await start();
    await pbx.close();
    await expect(open(reaching(pbx))).rejects.toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
  });

  it('rejects a server that is no Asterisk', async () => {
    await expect(open(await listen('SSH-2.0-OpenSSH_9.2\r\n'))).rejects.toMatchObject({
      code: 'AMI_NOT_ASTERISK',
      fate: 'fatal',
    });
  });

  it('limits the wait for a greeting', async () => {
    await expect(open(await listen(''))).rejects.toMatchObject({ fate: 'unavailable', options: { sent: 'no' } });
  });

  it('matches answers to their actions in any order', async () => {
    const pbx = await start({ latencyMs: 20 });
    const session = await open(reaching(pbx));
    pbx.incoming({ from: '7916', to: '101' });
    const [list, command] = await Promise.all([
      session.list({ Action: 'CoreShowChannels' }),
      session.ask({ Action: 'Command', Command: 'x' }),
    ]);
    expect(list.items.map((channel) => channel['CallerIDNum'])).toEqual(['7916', '101']);
    expect(command).toMatchObject({ Output: ['0 active channels', 'x: done'] });
  });

  it('distinguishes refused actions from missing rights', async () => {
    const session = await open(reaching(await start({ denied: ['Command'] })));
    await expect(session.ask({ Action: 'Hangup', Channel: 'no' })).rejects.toMatchObject({
      code: 'AMI_REFUSED',
      fate: 'rejected',
    });
    await expect(session.ask({ Action: 'Command', Command: 'x' })).rejects.toMatchObject({
      code: 'AMI_DENIED',
      fate: 'fatal',
      message: expect.stringContaining('the user "sluice" has no write class command'),
    });
  });

  it('reports the reason of a failed command, which is in its output', async () => {
    const session = await open(reaching(await start({ unknownCommands: ['core show hi'] })));
    await expect(session.ask({ Action: 'Command', Command: 'core show hi' })).rejects.toMatchObject({
      code: 'AMI_REFUSED',
      message: expect.stringContaining("No such command 'core show hi'"),
      options: { details: { message: "No such command 'core show hi'" } },
    });
  });

  it('rejects an action without an answer and continues', async () => {
    const pbx = await start();
    const session = await open({ ...reaching(pbx), timeout: '1s' });
    pbx.setFault('hang');
    await expect(session.ask({ Action: 'Command', Command: 'x' })).rejects.toMatchObject({ code: 'TIMED_OUT', fate: 'retry' });
    expect(await session.ask({ Action: 'Command', Command: 'x' })).toMatchObject({ Response: 'Success' });
  });

  it('does not send an action whose signal has fired already', async () => {
    const pbx = await start();
    const session = await open(reaching(pbx));
    const cancelled = session.ask({ Action: 'Originate', Channel: 'PJSIP/101' }, AbortSignal.abort());
    await expect(cancelled).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'no' } });
    await session.ask({ Action: 'Ping' });
    expect(pbx.stats().actions['Originate']).toBeUndefined();
  });

  it('rejects running actions with an unknown outcome when the exchange dies', async () => {
    const pbx = await start();
    const session = await open(reaching(pbx));
    pbx.setFault('hang');
    const asked = session.ask({ Action: 'Command', Command: 'x' });
    await until('the action in the exchange', () => pbx.stats().actions['Command'] === 1, 5_000);
    pbx.restart();
    await expect(asked).rejects.toMatchObject({ code: 'AMI_CUT_OFF', fate: 'retry', options: {} });
    await expect(session.ask({ Action: 'Ping' })).rejects.toMatchObject({ fate: 'unavailable', options: { sent: 'no' } });
  });

  it('ends when the exchange sends no byte any more', async () => {
    const { port, ...config } = reaching(await start());
    // answers the login and nothing else
    const mute = createServer((socket) => {
      socket.write('Asterisk Call Manager/5.0.4\r\n');
      socket.on('data', (chunk: Buffer) => {
        const id = /ActionID: (\S+)/.exec(chunk.toString())?.[1] ?? '';
        const answers: readonly [RegExp, string][] = [
          [/Action: Challenge/, `Response: Success\r\nActionID: ${id}\r\nChallenge: 1\r\n\r\n`],
          [/Action: Login/, `Response: Success\r\nActionID: ${id}\r\n\r\nEvent: FullyBooted\r\n\r\n`],
        ];
        for (const [asked, answer] of answers) if (asked.test(chunk.toString())) socket.write(answer);
      });
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => mute.close(() => resolve())));
    const session = await open({ ...config, port: (mute.address() as AddressInfo).port || port, keepAlive: '10ms' });
    expect((await session.ended).message).toContain('has sent no byte');
  });

  it('rejects a line break, which would begin another action', async () => {
    const pbx = await start();
    const session = await open(reaching(pbx));
    const injected = session.ask({ Action: 'Setvar', Variable: 'X', Value: '1\r\nAction: Command\r\nCommand: core stop now' });
    await expect(injected).rejects.toMatchObject({ code: 'AMI_UNWRITABLE', fate: 'rejected', options: { sent: 'no' } });
    await session.ask({ Action: 'Ping' });
    expect(pbx.stats().actions).toEqual({ Ping: 1 });
  });

  it('rejects a line that the exchange would drop', async () => {
    const session = await open(reaching(await start()));
    await expect(session.ask({ Action: 'Setvar', Value: 'ё'.repeat(600) })).rejects.toMatchObject({ code: 'AMI_UNWRITABLE' });
  });

  it('reports a refused login and leaves no session', async () => {
    const pbx = await start();
    pbx.setFault('refuse-login');
    await expect(open(reaching(pbx))).rejects.toMatchObject({ code: 'AMI_LOGIN_REFUSED' });
    await until('no session', () => pbx.stats().sessions === 0, 5_000);
  });
});

describe('a session over TLS', () => {
  const tls = { key: KEY, cert: CERTIFICATE };

  it('opens with a certificate of the configured authority', async () => {
    const pbx = await start({ tls });
    const session = await open({ ...reaching(pbx), tls: { ca: CERTIFICATE } });
    expect(await session.ask({ Action: 'Ping' })).toMatchObject({ Ping: 'Pong' });
  });

  it('rejects a certificate of an unknown authority, unless that is allowed', async () => {
    const pbx = await start({ tls });
    await expect(open({ ...reaching(pbx), tls: {} })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('certificate'),
    });
    expect(pbx.stats().logins).toBe(0);
    await open({ ...reaching(pbx), tls: { rejectUnauthorized: false } });
    expect(pbx.stats().logins).toBe(1);
  });

  it('does not open when only one end uses TLS', async () => {
    const plain = await start();
    await expect(open({ ...reaching(plain), tls: { ca: CERTIFICATE } })).rejects.toMatchObject({ fate: 'unavailable' });
    const encrypted = await start({ tls });
    await expect(open({ ...reaching(encrypted), timeout: '300ms' })).rejects.toMatchObject({ fate: 'unavailable' });
  });
});
