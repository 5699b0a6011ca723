import { describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { answer, mail, onTopic } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways } from './support/gateway.js';

stopGateways();

const EVENTS = { id: '0', destination: '/user/events' };

describe('CONNECT', () => {
  it.each(['CONNECT', 'STOMP'])('opens a session for a client with a valid token: %s', async (command) => {
    const { open, handler } = await startGateway();
    const client = await open();
    client.send(command, { 'accept-version': '1.1,1.2', login: 'ivanov', passcode: 'ok', 'client-id': 'desk-7' });
    const { command: answer, headers } = await client.next();
    expect(answer).toBe('CONNECTED');
    expect(headers.get('version')).toBe('1.2');
    expect(headers.get('user-name')).toBe('test/ivanov');
    expect(handler.sessions).toEqual([expect.objectContaining({ address: '127.0.0.1', workplace: 'desk-7' })]);
  });

  it('rejects an invalid token with the reason and the cure', async () => {
    const { open, handler } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'no' });
    expect(await client.error()).toMatchObject({ code: 'UNAUTHORIZED', message: 'the token is not valid', cure: /check/ });
    expect(handler.sessions).toEqual([]);
    expect(handler.closedSessions).toEqual([]);
  });

  it('reveals no details of an internal error', async () => {
    const { open, log } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'broken' });
    expect(await client.error()).toMatchObject({ code: 'UNEXPECTED', message: 'the server failed to process the frame' });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it.each([
    ['an older version', { 'accept-version': '1.0,1.1' }, 'STOMP_VERSION'],
    ['no version, which means 1.0', {}, 'STOMP_VERSION'],
    ['a heart-beat that is not a number', { 'accept-version': '1.2', 'heart-beat': 'often' }, 'STOMP_HEADER'],
    ['a negative heart-beat', { 'accept-version': '1.2', 'heart-beat': '-1,0' }, 'STOMP_HEADER'],
  ])('rejects %s', async (_, headers, code) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { passcode: 'ok', ...headers });
    expect(await client.error()).toMatchObject({ code });
  });

  it('reports the supported version to a client of another version', async () => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '2.1', passcode: 'ok' });
    expect((await client.next()).headers.get('version')).toBe('1.2');
  });

  it.each([
    ['none', '0,0', '0,0'],
    ['longer than those of the server', '20000,30000', '30000,20000'],
    ['shorter than those of the server', '1,1', '10000,10000'],
    ['in one direction', '0,15000', '15000,0'],
  ])('negotiates heart-beats: %s', async (_, theirs, agreed) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok', 'heart-beat': theirs });
    expect((await client.next()).headers.get('heart-beat')).toBe(agreed);
  });

  it.each([' 1.2', '1.0, 1.1, 1.2', '1.2 '])('accepts the version in a list with blanks: "%s"', async (versions) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': versions, login: 'a', passcode: 'ok' });
    expect((await client.next()).headers.get('version')).toBe('1.2');
  });

  it('ends the session when it comes twice', async () => {
    const { connect } = await startGateway();
    const client = await connect();
    client.send('CONNECT', { 'accept-version': '1.2', passcode: 'ok' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_ORDER' });
  });

  it('must be the first frame', async () => {
    const { open } = await startGateway();
    const client = await open();
    client.send('SEND', { destination: '/events/a' }, 'x');
    expect(await client.error()).toMatchObject({ code: 'STOMP_ORDER', message: 'the client sent SEND before CONNECT' });
  });

  it('may be followed by frames before the client receives CONNECTED', async () => {
    const { open, handler } = await startGateway();
    const release = handler.hold();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    client.send('SEND', { destination: '/events/a.b', receipt: '1' }, 'x');
    await until('the handler is called', () => handler.maxConcurrent === 1);
    expect(handler.published).toEqual([]);
    release();
    expect((await client.next()).command).toBe('CONNECTED');
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
  });
});

describe('a subscription', () => {
  it('receives events with the headers of the event and of the session', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', { ...EVENTS, id: 'a:b'.replace(':', '\\c'), ack: 'client-individual', receipt: 'r' });
    await client.next();
    expect(handler.subscriptions[0]?.deliver(mail('привет'), { seq: 7, redelivered: true })).toBe(true);
    const { command, headers, body } = await client.next();
    expect(command).toBe('MESSAGE');
    expect(Object.fromEntries(headers)).toEqual({
      subscription: 'a:b',
      ack: expect.stringMatching(/^[\w-]{8}\.\d+\.1$/),
      redelivered: 'true',
      destination: '/user/events',
      'message-id': 'm-1',
      'content-type': 'text/plain',
      'content-length': '12',
    });
    expect(body.toString()).toBe('привет');
  });

  it('sends the RECEIPT after the handler has subscribed', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    const release = handler.hold();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await until('the handler is called', () => handler.subscriptions.length === 1);
    handler.subscriptions[0]?.deliver(mail('at once'));
    expect((await client.next()).command).toBe('MESSAGE');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('r');
  });

  it('to a topic receives a message that is encoded once for all', async () => {
    const { connect, handler } = await startGateway();
    const [first, second] = [await connect(), await connect()];
    first.send('SUBSCRIBE', { id: '1', destination: '/topic/prices', receipt: 'r' });
    second.send('SUBSCRIBE', { id: '2', destination: '/topic/prices', ack: 'client', receipt: 'r' });
    await Promise.all([first.next(), second.next()]);
    const message = onTopic('prices', 'new');
    for (const subscription of handler.topics.get('prices') ?? []) subscription.deliver(message);
    expect((await first.next()).headers.get('subscription')).toBe('1');
    const { headers } = await second.next();
    expect(headers.get('subscription')).toBe('2');
    second.send('ACK', { id: headers.get('ack') ?? '', receipt: 'acked' });
    expect((await second.next()).headers.get('receipt-id')).toBe('acked');
    expect(handler.acknowledged).toEqual([]);
  });

  it('receives a line feed after each frame, also when frames arrive together', async () => {
    const { open, handler } = await startGateway();
    const client = await open();
    let text = '';
    client.socket.on('data', (piece: Buffer) => (text += piece.toString()));
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'ok' });
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await client.until(() => client.frames.length === 2);
    for (const body of ['short', 'long'.repeat(10_000)]) handler.subscriptions[0]?.deliver(mail(body));
    client.send('DISCONNECT', { receipt: 'bye' });
    await client.until(() => client.closed);
    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED', 'RECEIPT', 'MESSAGE', 'MESSAGE', 'RECEIPT']);
    expect(text.split('\0').map((each) => each.slice(0, 2))).toEqual(['CO', '\nR', '\nM', '\nM', '\nR', '\n']);
  });

  it('receives a long body unchanged, also one of NULs', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await client.next();
    const long = '\0'.repeat(300_000);
    for (const text of ['before', long, 'after']) handler.subscriptions[0]?.deliver(mail(text));
    const bodies = [await client.next(), await client.next(), await client.next()].map(({ body }) => body.toString());
    expect(bodies).toEqual(['before', long, 'after']);
  });

  it('ends with UNSUBSCRIBE, and its id can be used again', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', EVENTS);
    client.send('SUBSCRIBE', { id: '1', destination: '/topic/prices' });
    client.send('UNSUBSCRIBE', { id: '1' });
    client.send('UNSUBSCRIBE', { id: '0' });
    client.send('SUBSCRIBE', { id: '1', destination: '/topic/news', receipt: 'r' });
    expect((await client.next()).headers.get('receipt-id')).toBe('r');
    expect(handler.unsubscribed).toEqual(['prices', 'user']);
  });

  it.each([
    ["another user's events", { id: '1', destination: '/user/petrov/events' }, 'STOMP_DESTINATION', /own user only/],
    ['an unknown destination', { id: '1', destination: '/queue/a' }, 'STOMP_DESTINATION', /"\/queue\/a"/],
    ['a topic that the handler rejects', { id: '1', destination: '/topic/forbidden' }, 'REJECTED', /not for you/],
    [
      'a topic with an invalid name',
      { id: '1', destination: '/topic/a..b' },
      'STOMP_DESTINATION',
      /not a destination for SUBSCRIBE/,
    ],
    ['a second destination under the same id', { id: '0', destination: '/topic/a' }, 'STOMP_SUBSCRIPTION', /this id/],
    ['a topic without an id', { destination: '/topic/a' }, 'STOMP_HEADER', /header id/],
    ['no destination', { id: '1' }, 'STOMP_HEADER', /header destination/],
    ['a topic with an unknown ack', { id: '1', destination: '/topic/a', ack: 'maybe' }, 'STOMP_HEADER', /client-individual/],
  ])('is rejected: to %s', async (_, headers: Readonly<Record<string, string>>, code, message) => {
    const { connect } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', EVENTS);
    client.send('SUBSCRIBE', { ...headers, receipt: 'r' });
    expect(await client.error()).toMatchObject({ code, message: expect.stringMatching(message), receipt: 'r' });
  });
});

describe('acknowledgement', () => {
  const deliverFive = async (ack: string) => {
    const gateway = await startGateway();
    const client = await gateway.connect();
    client.send('SUBSCRIBE', { ...EVENTS, ack, receipt: 'r' });
    await client.next();
    const [subscription] = gateway.handler.subscriptions;
    for (const seq of [11, 12, 13, 14, 15]) subscription?.deliver(mail(String(seq)), { seq });
    const acks: string[] = [];
    for (let count = 0; count < 5; count++) acks.push((await client.next()).headers.get('ack') ?? 'none');
    return { ...gateway, client, acks, session: gateway.handler.sessions[0] };
  };

  it('covers one event with client-individual, in any order', async () => {
    const { client, acks, handler, session } = await deliverFive('client-individual');
    client.send('ACK', { id: acks[3] ?? '' });
    client.send('NACK', { id: acks[0] ?? '' });
    client.send('ACK', { id: acks[3] ?? '', receipt: 'twice' });
    expect((await client.next()).headers.get('receipt-id')).toBe('twice');
    expect(handler.acknowledged).toEqual([[14]]);
    expect(handler.rejected).toEqual([[11]]);
    expect(session?.counters).toMatchObject({ delivered: 5, unacknowledged: 3 });
  });

  it('covers all events up to this one with client', async () => {
    const { client, acks, handler } = await deliverFive('client');
    client.send('ACK', { id: acks[2] ?? '' });
    client.send('NACK', { id: acks[4] ?? '', receipt: 'r2' });
    await client.next();
    expect(handler.acknowledged).toEqual([[11, 12, 13]]);
    expect(handler.rejected).toEqual([[14, 15]]);
  });

  it('is done with auto when the event was sent', async () => {
    const { handler, acks } = await deliverFive('auto');
    expect(acks).toEqual(['none', 'none', 'none', 'none', 'none']);
    await until('all five are acknowledged', () => handler.acknowledged.flat().length === 5);
    expect(handler.acknowledged.flat()).toEqual([11, 12, 13, 14, 15]);
  });

  it('receives its RECEIPT after the commit', async () => {
    const { client, acks, handler } = await deliverFive('client-individual');
    const release = handler.hold();
    client.send('ACK', { id: acks[0] ?? '', receipt: 'first' });
    client.send('BEGIN', { transaction: 't', receipt: 'second' });
    expect((await client.next()).headers.get('receipt-id')).toBe('second');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('first');
  });

  it('has no effect for a message that is sent at most once', async () => {
    const { client, handler } = await deliverFive('client-individual');
    handler.subscriptions[0]?.deliver(mail('drop'));
    client.send('ACK', { id: (await client.next()).headers.get('ack') ?? '', receipt: 'r' });
    await client.next();
    expect(handler.acknowledged).toEqual([]);
  });

  it('of a message of a topic acknowledges no earlier event, also with ack:client', async () => {
    const { client, handler } = await deliverFive('client');
    client.send('SUBSCRIBE', { id: 't', destination: '/topic/prices', ack: 'client', receipt: 'r' });
    await client.next();
    for (const subscription of handler.topics.get('prices') ?? []) subscription.deliver(onTopic('prices', 'new'));
    client.send('ACK', { id: (await client.next()).headers.get('ack') ?? '', receipt: 'acked' });
    await client.next();
    expect(handler.acknowledged).toEqual([]);
  });

  it.each(['ACK', 'NACK'])('of an earlier session has no effect in the next one: %s', async (command) => {
    const { acks: early, connect, handler } = await deliverFive('client-individual');
    const later = await connect();
    later.send('SUBSCRIBE', { ...EVENTS, ack: 'client-individual', receipt: 'r' });
    await later.next();
    for (const seq of [13, 14]) handler.subscriptions[1]?.deliver(mail(String(seq)), { seq, redelivered: true });
    const acks = [await later.next(), await later.next()].map(({ headers }) => headers.get('ack'));
    for (const id of early) later.send(command, { id, receipt: id });
    for (const id of early) expect((await later.next()).headers.get('receipt-id')).toBe(id);
    later.send('ACK', { id: acks[1] ?? '', receipt: 'own' });
    await later.next();
    expect([handler.acknowledged, handler.rejected]).toEqual([[[14]], []]);
  });

  it.each([
    ['a number after the last', (last: string) => last.replace(/5$/, '6')],
    ['an id without a number', (last: string) => last.replace(/5$/, '')],
    ['a text', () => 'x'],
    ['a bare number', () => '1'],
  ])('ends the session for an id that was never sent: %s', async (_, change) => {
    const { client, acks } = await deliverFive('client-individual');
    client.send('ACK', { id: change(acks[4] ?? '') });
    expect(await client.error()).toMatchObject({ code: 'STOMP_ACK' });
  });
});

describe('SEND', () => {
  it('publishes an event, and sends the RECEIPT after the confirm of the broker', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    const release = handler.hold();
    client.send('SEND', { destination: '/events/order.created', receipt: '1', subject: 'S-1' }, '{"a":1}');
    client.send('SUBSCRIBE', { id: '0', destination: '/topic/a', receipt: '2' });
    expect((await client.next()).headers.get('receipt-id')).toBe('2');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
    expect(handler.published).toEqual([expect.objectContaining({ type: 'order.created', body: '{"a":1}' })]);
    expect(handler.published[0]?.headers.get('subject')).toBe('S-1');
  });

  it('calls a flow, and delivers its reply to reply-to', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', { id: 'replies', destination: '/user/replies/a' });
    client.send('SEND', { destination: '/flows/price', 'reply-to': '/user/replies/a', receipt: '1' });
    client.send('SEND', { destination: '/flows/price', 'reply-to': '/user/replies/b', receipt: '2' });
    await client.next();
    await client.next();
    expect(handler.calls).toEqual([
      { flow: 'price', replyTo: '/user/replies/a' },
      { flow: 'price', replyTo: '/user/replies/b' },
    ]);
    const [session] = handler.sessions;
    for (const { replyTo } of handler.calls) session?.reply(answer(replyTo ?? ''));
    expect((await client.next()).headers.get('subscription')).toBe('replies');
    expect((await client.next()).headers.get('subscription')).toBe('/user/replies/b');
  });

  it('answers a MESSAGE, and sends the RECEIPT after the handler has accepted the answer', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SEND', { destination: '/answers/m-1', receipt: '1' }, '{"ok":true}');
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
    expect(handler.answers).toEqual([{ id: 'm-1', body: '{"ok":true}' }]);
  });

  it.each([
    [{ destination: '/user/events' }, 'STOMP_DESTINATION'],
    [{ destination: '/events/' }, 'STOMP_DESTINATION'],
    [{ destination: '/events/a b' }, 'STOMP_DESTINATION'],
    [{ destination: '/flows/a', 'reply-to': '/topic/all' }, 'STOMP_DESTINATION'],
    [{}, 'STOMP_HEADER'],
    [{ destination: '/events/broken' }, 'UNEXPECTED'],
  ])('ends the session: %j', async (headers: Readonly<Record<string, string>>, code) => {
    const { connect } = await startGateway();
    const client = await connect();
    client.send('SEND', { ...headers, receipt: 'r' }, 'x');
    expect(await client.error()).toMatchObject({ code, receipt: 'r' });
  });

  it('processes a limited number of frames of one client at once, and loses none', async () => {
    const { connect, handler } = await startGateway({ limits: { working: 3 } });
    const client = await connect();
    const release = handler.hold();
    for (let n = 0; n < 10; n++) client.send('SEND', { destination: '/events/a', receipt: String(n) }, String(n));
    await until('three are being processed', () => handler.published.length === 3);
    release();
    for (let n = 0; n < 10; n++) expect((await client.next()).headers.get('receipt-id')).toBe(String(n));
    expect(handler.published.map(({ body }) => body)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });
});

describe('a transaction', () => {
  /** Starts a client that has received an event and has sent BEGIN. */
  const clientAfterBegin = async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', { ...EVENTS, ack: 'client-individual', receipt: 'r' });
    await client.next();
    handler.subscriptions[0]?.deliver(mail('x'), { seq: 5 });
    const ack = (await client.next()).headers.get('ack') ?? '';
    client.send('BEGIN', { transaction: 't' });
    return { client, handler, ack };
  };

  it('processes its frames in order after COMMIT', async () => {
    const { client, handler, ack } = await clientAfterBegin();
    client.send('SEND', { destination: '/events/a', transaction: 't', receipt: 'held' }, '1');
    client.send('ACK', { id: ack, transaction: 't' });
    client.send('SEND', { destination: '/events/b', transaction: 't' }, '2');
    await client.next();
    expect([handler.published, handler.acknowledged]).toEqual([[], []]);
    client.send('COMMIT', { transaction: 't', receipt: 'done' });
    expect((await client.next()).headers.get('receipt-id')).toBe('done');
    expect(handler.published.map(({ type }) => type)).toEqual(['a', 'b']);
    expect(handler.acknowledged).toEqual([[5]]);
  });

  it('acknowledges no event when one of its SENDs fails', async () => {
    const { client, handler, ack } = await clientAfterBegin();
    client.send('ACK', { id: ack, transaction: 't' });
    client.send('SEND', { destination: '/events/broken', transaction: 't' }, '1');
    client.send('COMMIT', { transaction: 't', receipt: 'done' });
    expect(await client.error()).toMatchObject({ code: 'UNEXPECTED' });
    expect(handler.acknowledged).toEqual([]);
  });

  it.each([
    ['a SEND to an unknown destination', 'SEND', { destination: '/nowhere' }],
    ['an ACK of an unknown id', 'ACK', { id: '9' }],
  ])('publishes nothing when it contains %s', async (_, command, headers) => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: '/events/a', transaction: 't' }, '1');
    client.send(command, { ...headers, transaction: 't' });
    client.send('COMMIT', { transaction: 't' });
    await client.error();
    expect(handler.published).toEqual([]);
  });

  it('is dropped by ABORT', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: '/events/a', transaction: 't' }, '1');
    client.send('ABORT', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    client.send('COMMIT', { transaction: 't', receipt: 'done' });
    await client.next();
    expect(handler.published).toEqual([]);
  });

  it.each(['COMMIT', 'ABORT', 'SEND', 'ACK'])('ends the session for a transaction that is not open: %s', async (command) => {
    const { connect } = await startGateway();
    const client = await connect();
    client.send(command, { transaction: 't', id: '1', destination: '/events/a' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_TRANSACTION' });
  });

  it('ends the session after a second BEGIN with the same name', async () => {
    const { connect } = await startGateway();
    const client = await connect();
    client.send('BEGIN', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_TRANSACTION' });
  });

  it.each([
    ['too many frames', { transactionFrames: 2 }, {}, 'x'],
    ['too many bytes', { maxFrame: 20_000 }, {}, 'x'.repeat(8_000)],
    ['too many bytes of headers', { maxFrame: 20_000 }, { subject: 'x'.repeat(8_000) }, ''],
  ])('ends the session after %s', async (_, limits, headers, body) => {
    const { connect } = await startGateway({ limits });
    const client = await connect();
    client.send('BEGIN', { transaction: 't' });
    for (let n = 0; n < 3; n++) client.send('SEND', { destination: '/events/a', transaction: 't', ...headers }, body);
    client.send('COMMIT', { transaction: 't', receipt: 'taken' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_LIMIT' });
  });
});

describe('the end of a session', () => {
  it('comes after DISCONNECT once all earlier frames were processed', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    const release = handler.hold();
    client.send('SEND', { destination: '/events/a', receipt: '1' });
    client.send('DISCONNECT', { receipt: '2' });
    client.send('SEND', { destination: '/events/after' });
    await until('the SEND is being processed', () => handler.published.length === 1);
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
    expect((await client.next()).headers.get('receipt-id')).toBe('2');
    await client.until(() => client.closed);
    expect(handler.closedSessions).toEqual([{ user: 'test/ivanov', reason: 'the client has disconnected' }]);
    expect(handler.published).toHaveLength(1);
  });

  it('calls sessionClosed once after a broken connection, and rejects deliveries', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await client.next();
    client.destroy();
    await until('the handler is called', () => handler.closedSessions.length === 1);
    expect(handler.subscriptions[0]?.deliver(mail('x'))).toBe(false);
    expect(handler.drains).toBe(0);
  });

  it('sends the reason of the handler', async () => {
    const { connect, handler } = await startGateway();
    const client = await connect();
    handler.closeAll({ code: 'KICKED', message: 'an administrator has ended this session', cure: 'ask why' });
    expect(await client.error()).toMatchObject({ code: 'KICKED', cure: 'ask why' });
    expect(handler.closedSessions).toEqual([{ user: 'test/ivanov', reason: 'KICKED an administrator has ended this session' }]);
  });

  it('discards frames that wait when the handler ends the session', async () => {
    const { connect, handler } = await startGateway({ limits: { buffer: 64 * 1024 } });
    handler.subscribeTopic = (subscription) => {
      // fills the buffer of the client, so the server stops reading from it
      subscription.deliver(onTopic('prices', 'x'.repeat(100_000)));
      process.nextTick(() => subscription.session.close({ code: 'KICKED', message: 'go away' }));
    };
    const client = await connect();
    client.socket.write('SUBSCRIBE\nid:1\ndestination:/topic/prices\n\n\0NONSENSE\n\n\0');
    expect((await client.next()).command).toBe('MESSAGE');
    expect(await client.error()).toMatchObject({ code: 'KICKED' });
    expect(client.frames).toEqual([]);
    expect(handler.closedSessions).toHaveLength(1);
  });

  it('comes when the token expires', async () => {
    const { open, handler } = await startGateway();
    handler.tokenLifeMs = 300;
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    expect((await client.next()).command).toBe('CONNECTED');
    expect(await client.error()).toMatchObject({ code: 'STOMP_TOKEN_EXPIRED', message: 'the token has expired' });
  });

  it('sends STOMP_STOPPING to every client when the server stops', async () => {
    const { connect, open, server } = await startGateway();
    const clients = [await connect(), await open()];
    const closed = server.close();
    for (const client of clients) expect(await client.error()).toMatchObject({ code: 'STOMP_STOPPING' });
    await closed;
    expect(server.connections).toBe(0);
  });

  it.each([
    ['an unknown command', 'BEAT\n\n\0', 'STOMP_FRAME'],
    ["a server's command", 'MESSAGE\n\n\0', 'STOMP_FRAME'],
    ['a body where STOMP allows none', 'BEGIN\ntransaction:t\n\nx\0', 'STOMP_FRAME'],
    ['an undefined escape', 'SEND\ndestination:\\t\n\n\0', 'STOMP_FRAME'],
    ['a header that is not UTF-8', Buffer.from('SEND\na:\xff\n\n\0', 'latin1'), 'STOMP_FRAME'],
    ['an announced length of a gigabyte', 'SEND\ndestination:/events/a\ncontent-length:1073741824\n\n', 'STOMP_LIMIT'],
    ['a header of a megabyte', `SEND\na:${'x'.repeat(1_000_000)}`, 'STOMP_LIMIT'],
    ['a thousand headers', `SEND\n${'a:1\n'.repeat(1000)}\n\0`, 'STOMP_LIMIT'],
    ['a request of another protocol', 'GET / HTTP/1.1\r\n\r\n', 'STOMP_FRAME'],
  ])('comes after %s', async (_, bytes, code) => {
    const { connect } = await startGateway();
    const client = await connect();
    client.socket.write(bytes);
    expect(await client.error()).toMatchObject({ code });
  });
});
