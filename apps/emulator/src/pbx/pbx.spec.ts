import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { startPbx, type PbxOptions } from './pbx.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Partial<PbxOptions> = {}) {
  const pbx = await startPbx({ port: 0, secret: 'secret', ringMs: 1, talkMs: 1, ...options });
  closing.push(() => pbx.close());
  return pbx;
}

/** Connects a client that writes lines and keeps the received text. */
function reach(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  let heard = '';
  let ended = false;
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (ended = true));
  closing.push(() => socket.destroy());
  const hears = (text: string) => until(`"${text}", got "${heard}"`, () => heard.includes(text), 5_000);
  return {
    socket,
    hears,
    say: (...lines: readonly string[]) => socket.write(`${lines.join('\r\n')}\r\n\r\n`),
    logIn: async () => {
      socket.write('Action: Login\r\nUsername: sluice\r\nSecret: secret\r\nEvents: on\r\n\r\n');
      await hears('Fully Booted');
    },
    count: (text: string) => heard.split(text).length - 1,
    isEnded: () => until('the end of the connection', () => ended, 5_000),
  };
}

describe('the stand-in for an Asterisk', () => {
  it('ends a connection without a login in time', async () => {
    const pbx = await start({ authTimeoutMs: 30 });
    await reach(pbx.port).isEnded();
    expect(pbx.stats()).toMatchObject({ notLoggedIn: 1, sessions: 0 });
  });

  it('refuses actions before the login', async () => {
    const pbx = await start();
    const client = reach(pbx.port);
    client.say('Action: Originate', 'ActionID: 1', 'Channel: PJSIP/101');
    await client.hears('Permission denied');
    expect(pbx.stats()).toMatchObject({ actions: {}, originated: [] });
  });

  it('reads actions from pieces of any size', async () => {
    const pbx = await start();
    const client = reach(pbx.port);
    await client.logIn();
    client.socket.setNoDelay(true);
    for (const byte of Buffer.from('action: Ping\r\nactionid: ё\r\n\r\nAction: Ping\r\n\r\n')) {
      client.socket.write(Buffer.of(byte));
      // each byte is sent before the next is written
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('both answers', () => client.count('Ping: Pong') === 2, 5_000);
    expect(client.count('ActionID: ё')).toBe(1);
  });

  it('refuses an unknown action with the text of Asterisk', async () => {
    const pbx = await start();
    const client = reach(pbx.port);
    await client.logIn();
    client.say('Action: EventMask', 'ActionID: 3', 'EventMask: on');
    await client.hears(
      'Response: Error\r\nActionID: 3\r\nMessage: Invalid/unknown command: EventMask. Use Action: ListCommands to show available commands.\r\n',
    );
    expect(pbx.stats().actions).toEqual({});
  });

  it.each([
    ['on', 'On'],
    ['off', 'Off'],
    ['call,system', 'On'],
  ])('sets the classes of events by the action Events: %s', async (mask, answer) => {
    const pbx = await start();
    const client = reach(pbx.port);
    await client.logIn();
    client.say('Action: events', 'ActionID: 4', `EventMask: ${mask}`);
    await client.hears(`Response: Success\r\nActionID: 4\r\nEvents: ${answer}\r\n`);
    expect(pbx.stats().actions).toEqual({ Events: 1 });
  });

  it('drops a line that is too long, as Asterisk does', async () => {
    const pbx = await start();
    const client = reach(pbx.port);
    await client.logIn();
    client.say('Action: DBPut', 'Family: f', 'Key: k', `Val: ${'x'.repeat(1_020)}`);
    await client.hears('Updated database');
    expect(pbx.stats().database).toEqual({ '/f/k': '' });
  });

  it('sends events that match one of the filters, and all events without filters', async () => {
    const pbx = await start();
    const client = reach(pbx.port);
    await client.logIn();
    pbx.send('Newstate', { Mark: 'first' });
    client.say('Action: Filter', 'Operation: Add', 'Filter: ^Event: Hangup');
    await client.hears('Message: Success');
    pbx.send('Newstate', { Mark: 'second' });
    pbx.send('Hangup', { Mark: 'third' });
    await client.hears('third');
    expect([client.count('first'), client.count('second')]).toEqual([1, 0]);
  });

  it('disconnects only a reader that is slow', async () => {
    const pbx = await start({ writeTimeoutMs: 50 });
    const slow = reach(pbx.port);
    const quick = reach(pbx.port);
    await slow.logIn();
    await quick.logIn();
    slow.socket.pause();
    const text = 'x'.repeat(64 * 1024);
    await until(
      'the cut',
      () => {
        pbx.send('Newstate', { Text: text });
        return pbx.stats().cutOff > 0;
      },
      10_000,
    );
    pbx.send('Hangup', { Mark: 'still here' });
    await quick.hears('still here');
    expect(pbx.stats()).toMatchObject({ cutOff: 1, sessions: 1 });
  });

  it.each([
    ['answer', 'Success', '4'],
    ['busy', 'Failure', '0'],
    ['congestion', 'Failure', '0'],
    ['noanswer', 'Failure', '3'],
  ] as const)('reports the result of an accepted order: %s', async (outcome, response, reason) => {
    const pbx = await start({ outcomes: { 101: outcome } });
    const client = reach(pbx.port);
    await client.logIn();
    client.say('Action: Originate', 'ActionID: 7', 'Channel: PJSIP/101', 'ChannelId: mine', 'Async: true');
    await client.hears('Originate successfully queued');
    await client.hears(`Event: OriginateResponse\r\nPrivilege: call,all\r\nActionID: 7\r\nResponse: ${response}`);
    await client.hears(`Reason: ${reason}\r\nUniqueid: mine`);
  });
});
