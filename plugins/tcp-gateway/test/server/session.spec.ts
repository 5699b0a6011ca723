import { describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { answer, mail, onTopic } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways } from './support/gateway.js';

stopGateways();

const EVENTS = { id: '0', destination: '/user/events' };

describe('CONNECT', () => {
  it.each(['CONNECT', 'STOMP'])('as %s lets a client with a good token in, and tells the desk', async (command) => {
    const { open, handler } = await startGateway();
    const client = await open();
    client.send(command, { 'accept-version': '1.1,1.2', login: 'ivanov', passcode: 'ok', 'client-id': 'desk-7' });
    const { command: answer, headers } = await client.next();
    expect(answer).toBe('CONNECTED');
    expect(headers.get('version')).toBe('1.2');
    expect(headers.get('user-name')).toBe('test/ivanov');
    expect(handler.sessions).toEqual([expect.objectContaining({ address: '127.0.0.1', workplace: 'desk-7' })]);
  });

  it('with a bad token is refused with the reason and the cure', async () => {
    const { open, handler } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'no' });
    expect(await client.error()).toMatchObject({ code: 'UNAUTHORIZED', message: 'the token is not valid', cure: /check/ });
    expect(handler.sessions).toEqual([]);
    expect(handler.goodbyes).toEqual([]);
  });

  it('that fails by a mistake of ours gives nothing away', async () => {
    const { open, log } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'broken' });
    expect(await client.error()).toMatchObject({ code: 'UNEXPECTED', message: 'the server could not carry this out' });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it.each([
    ['an older version', { 'accept-version': '1.0,1.1' }, 'STOMP_VERSION'],
    ['no version, which means 1.0', {}, 'STOMP_VERSION'],
    ['a heart-beat in words', { 'accept-version': '1.2', 'heart-beat': 'often' }, 'STOMP_HEADER'],
    ['a negative heart-beat', { 'accept-version': '1.2', 'heart-beat': '-1,0' }, 'STOMP_HEADER'],
  ])('with %s is refused', async (_, headers, code) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { passcode: 'ok', ...headers });
    expect(await client.error()).toMatchObject({ code });
  });

  it('of another version is told which it may be', async () => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '2.1', passcode: 'ok' });
    expect((await client.next()).headers.get('version')).toBe('1.2');
  });

  it.each([
    ['none', '0,0', '0,0'],
    ['rarer than ours', '20000,30000', '30000,20000'],
    ['more often than ours', '1,1', '10000,10000'],
    ['in one direction', '0,15000', '15000,0'],
  ])('agrees on heart-beats: %s', async (_, theirs, agreed) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok', 'heart-beat': theirs });
    expect((await client.next()).headers.get('heart-beat')).toBe(agreed);
  });

  it.each([' 1.2', '1.0, 1.1, 1.2', '1.2 '])('takes the version among others and blanks: "%s"', async (versions) => {
    const { open } = await startGateway();
    const client = await open();
    client.send('CONNECT', { 'accept-version': versions, login: 'a', passcode: 'ok' });
    expect((await client.next()).headers.get('version')).toBe('1.2');
  });

  it('twice ends the session', async () => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.send('CONNECT', { 'accept-version': '1.2', passcode: 'ok' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_ORDER' });
  });

  it('has to come first', async () => {
    const { open } = await startGateway();
    const client = await open();
    client.send('SEND', { destination: '/events/a' }, 'x');
    expect(await client.error()).toMatchObject({ code: 'STOMP_ORDER', message: 'SEND has come before CONNECT' });
  });

  it('may be followed by frames that do not wait for CONNECTED', async () => {
    const { open, handler } = await startGateway();
    const release = handler.hold();
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    client.send('SEND', { destination: '/events/a.b', receipt: '1' }, 'x');
    await until('the desk is asked', () => handler.maxConcurrent === 1);
    expect(handler.published).toEqual([]);
    release();
    expect((await client.next()).command).toBe('CONNECTED');
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
  });
});

describe('a subscription', () => {
  it('receives events with the headers of the event and of the session', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
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

  it('answers its RECEIPT when the desk has taken it', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    const release = handler.hold();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await until('the desk is asked', () => handler.subscriptions.length === 1);
    handler.subscriptions[0]?.deliver(mail('at once'));
    expect((await client.next()).command).toBe('MESSAGE');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('r');
  });

  it('to a topic receives what is encoded once for all', async () => {
    const { letIn, handler } = await startGateway();
    const [first, second] = [await letIn(), await letIn()];
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

  it('receives frames with a line feed after each, also when they arrive together', async () => {
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

  it('carries a long body whole, also one of NULs', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await client.next();
    const long = '\0'.repeat(300_000);
    for (const text of ['before', long, 'after']) handler.subscriptions[0]?.deliver(mail(text));
    const bodies = [await client.next(), await client.next(), await client.next()].map(({ body }) => body.toString());
    expect(bodies).toEqual(['before', long, 'after']);
  });

  it('ends by UNSUBSCRIBE, and its id is free again', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
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
    ['what does not exist', { id: '1', destination: '/queue/a' }, 'STOMP_DESTINATION', /"\/queue\/a"/],
    ['a topic that the desk forbids', { id: '1', destination: '/topic/forbidden' }, 'REJECTED', /not for you/],
    ['a topic with a name that is none', { id: '1', destination: '/topic/a..b' }, 'STOMP_DESTINATION', /nothing can/],
    ['something else under the same id', { id: '0', destination: '/topic/a' }, 'STOMP_SUBSCRIPTION', /this id/],
    ['without an id', { destination: '/topic/a' }, 'STOMP_HEADER', /header id/],
    ['without a destination', { id: '1' }, 'STOMP_HEADER', /header destination/],
    ['with an unknown ack', { id: '1', destination: '/topic/a', ack: 'maybe' }, 'STOMP_HEADER', /client-individual/],
  ])('to %s is refused', async (_, headers: Readonly<Record<string, string>>, code, message) => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.send('SUBSCRIBE', EVENTS);
    client.send('SUBSCRIBE', { ...headers, receipt: 'r' });
    expect(await client.error()).toMatchObject({ code, message: expect.stringMatching(message), receipt: 'r' });
  });
});

describe('acknowledgement', () => {
  const deliverFive = async (ack: string) => {
    const gateway = await startGateway();
    const client = await gateway.letIn();
    client.send('SUBSCRIBE', { ...EVENTS, ack, receipt: 'r' });
    await client.next();
    const [subscription] = gateway.handler.subscriptions;
    for (const seq of [11, 12, 13, 14, 15]) subscription?.deliver(mail(String(seq)), { seq });
    const acks: string[] = [];
    for (let count = 0; count < 5; count++) acks.push((await client.next()).headers.get('ack') ?? 'none');
    return { ...gateway, client, acks, session: gateway.handler.sessions[0] };
  };

  it('client-individual is of one event, in any order', async () => {
    const { client, acks, handler, session } = await deliverFive('client-individual');
    client.send('ACK', { id: acks[3] ?? '' });
    client.send('NACK', { id: acks[0] ?? '' });
    client.send('ACK', { id: acks[3] ?? '', receipt: 'twice' });
    expect((await client.next()).headers.get('receipt-id')).toBe('twice');
    expect(handler.acknowledged).toEqual([[14]]);
    expect(handler.rejected).toEqual([[11]]);
    expect(session?.counters).toMatchObject({ delivered: 5, unacknowledged: 3 });
  });

  it('client is of all events up to this one', async () => {
    const { client, acks, handler } = await deliverFive('client');
    client.send('ACK', { id: acks[2] ?? '' });
    client.send('NACK', { id: acks[4] ?? '', receipt: 'r2' });
    await client.next();
    expect(handler.acknowledged).toEqual([[11, 12, 13]]);
    expect(handler.rejected).toEqual([[14, 15]]);
  });

  it('auto is done when the event has left', async () => {
    const { handler, acks } = await deliverFive('auto');
    expect(acks).toEqual(['none', 'none', 'none', 'none', 'none']);
    await until('they are acknowledged', () => handler.acknowledged.flat().length === 5);
    expect(handler.acknowledged.flat()).toEqual([11, 12, 13, 14, 15]);
  });

  it('has its RECEIPT after the commit', async () => {
    const { client, acks, handler } = await deliverFive('client-individual');
    const release = handler.hold();
    client.send('ACK', { id: acks[0] ?? '', receipt: 'first' });
    client.send('BEGIN', { transaction: 't', receipt: 'second' });
    expect((await client.next()).headers.get('receipt-id')).toBe('second');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('first');
  });

  it('of what is sent at most once changes nothing', async () => {
    const { client, handler } = await deliverFive('client-individual');
    handler.subscriptions[0]?.deliver(mail('drop'));
    client.send('ACK', { id: (await client.next()).headers.get('ack') ?? '', receipt: 'r' });
    await client.next();
    expect(handler.acknowledged).toEqual([]);
  });

  it('of a message of a topic answers no event that came before it, also with ack:client', async () => {
    const { client, handler } = await deliverFive('client');
    client.send('SUBSCRIBE', { id: 't', destination: '/topic/prices', ack: 'client', receipt: 'r' });
    await client.next();
    for (const subscription of handler.topics.get('prices') ?? []) subscription.deliver(onTopic('prices', 'new'));
    client.send('ACK', { id: (await client.next()).headers.get('ack') ?? '', receipt: 'acked' });
    await client.next();
    expect(handler.acknowledged).toEqual([]);
  });

  it.each(['ACK', 'NACK'])('of an earlier session answers nothing in the next one: %s', async (command) => {
    const { acks: early, letIn, handler } = await deliverFive('client-individual');
    const later = await letIn();
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
    ['no number', (last: string) => last.replace(/5$/, '')],
    ['a text', () => 'x'],
    ['a bare number', () => '1'],
  ])('of an id that was never sent ends the session: %s', async (_, change) => {
    const { client, acks } = await deliverFive('client-individual');
    client.send('ACK', { id: change(acks[4] ?? '') });
    expect(await client.error()).toMatchObject({ code: 'STOMP_ACK' });
  });
});

describe('SEND', () => {
  it('publishes an event, and its RECEIPT comes after the confirm of the broker', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    const release = handler.hold();
    client.send('SEND', { destination: '/events/order.created', receipt: '1', subject: 'S-1' }, '{"a":1}');
    client.send('SUBSCRIBE', { id: '0', destination: '/topic/a', receipt: '2' });
    expect((await client.next()).headers.get('receipt-id')).toBe('2');
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
    expect(handler.published).toEqual([expect.objectContaining({ type: 'order.created', body: '{"a":1}' })]);
    expect(handler.published[0]?.headers.get('subject')).toBe('S-1');
  });

  it('calls a flow, whose answer comes to reply-to', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
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

  it('answers a MESSAGE that asks for it, and its RECEIPT comes when the answer is taken', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
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
  ])('to %j ends the session', async (headers: Readonly<Record<string, string>>, code) => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.send('SEND', { ...headers, receipt: 'r' }, 'x');
    expect(await client.error()).toMatchObject({ code, receipt: 'r' });
  });

  it('is held back while too much of one client is being worked on, and nothing is lost', async () => {
    const { letIn, handler } = await startGateway({ limits: { working: 3 } });
    const client = await letIn();
    const release = handler.hold();
    for (let n = 0; n < 10; n++) client.send('SEND', { destination: '/events/a', receipt: String(n) }, String(n));
    await until('three are being worked on', () => handler.published.length === 3);
    release();
    for (let n = 0; n < 10; n++) expect((await client.next()).headers.get('receipt-id')).toBe(String(n));
    expect(handler.published.map(({ body }) => body)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });
});

describe('a transaction', () => {
  /** A client that has an event to acknowledge, and has sent BEGIN. */
  const begun = async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    client.send('SUBSCRIBE', { ...EVENTS, ack: 'client-individual', receipt: 'r' });
    await client.next();
    handler.subscriptions[0]?.deliver(mail('x'), { seq: 5 });
    const ack = (await client.next()).headers.get('ack') ?? '';
    client.send('BEGIN', { transaction: 't' });
    return { client, handler, ack };
  };

  it('holds its frames back until COMMIT, in order', async () => {
    const { client, handler, ack } = await begun();
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

  it('acknowledges nothing when one of its events cannot be published', async () => {
    const { client, handler, ack } = await begun();
    client.send('ACK', { id: ack, transaction: 't' });
    client.send('SEND', { destination: '/events/broken', transaction: 't' }, '1');
    client.send('COMMIT', { transaction: 't', receipt: 'done' });
    expect(await client.error()).toMatchObject({ code: 'UNEXPECTED' });
    expect(handler.acknowledged).toEqual([]);
  });

  it.each([
    ['a SEND to nowhere', 'SEND', { destination: '/nowhere' }],
    ['an ACK of what was not sent', 'ACK', { id: '9' }],
  ])('publishes nothing when it holds %s', async (_, command, headers) => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: '/events/a', transaction: 't' }, '1');
    client.send(command, { ...headers, transaction: 't' });
    client.send('COMMIT', { transaction: 't' });
    await client.error();
    expect(handler.published).toEqual([]);
  });

  it('is forgotten by ABORT', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: '/events/a', transaction: 't' }, '1');
    client.send('ABORT', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    client.send('COMMIT', { transaction: 't', receipt: 'done' });
    await client.next();
    expect(handler.published).toEqual([]);
  });

  it.each(['COMMIT', 'ABORT', 'SEND', 'ACK'])('that has not begun ends the session: %s', async (command) => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.send(command, { transaction: 't', id: '1', destination: '/events/a' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_TRANSACTION' });
  });

  it('that has begun twice ends the session', async () => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.send('BEGIN', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_TRANSACTION' });
  });

  it.each([
    ['too many frames', { transactionFrames: 2 }, {}, 'x'],
    ['too many bytes', { maxFrame: 20_000 }, {}, 'x'.repeat(8_000)],
    ['too many bytes of headers', { maxFrame: 20_000 }, { subject: 'x'.repeat(8_000) }, ''],
  ])('with %s ends the session', async (_, limits, headers, body) => {
    const { letIn } = await startGateway({ limits });
    const client = await letIn();
    client.send('BEGIN', { transaction: 't' });
    for (let n = 0; n < 3; n++) client.send('SEND', { destination: '/events/a', transaction: 't', ...headers }, body);
    client.send('COMMIT', { transaction: 't', receipt: 'taken' });
    expect(await client.error()).toMatchObject({ code: 'STOMP_LIMIT' });
  });
});

describe('the end', () => {
  it('by DISCONNECT comes after all that was asked for', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    const release = handler.hold();
    client.send('SEND', { destination: '/events/a', receipt: '1' });
    client.send('DISCONNECT', { receipt: '2' });
    client.send('SEND', { destination: '/events/after' });
    await until('it is being worked on', () => handler.published.length === 1);
    release();
    expect((await client.next()).headers.get('receipt-id')).toBe('1');
    expect((await client.next()).headers.get('receipt-id')).toBe('2');
    await client.until(() => client.closed);
    expect(handler.goodbyes).toEqual([{ user: 'test/ivanov', reason: 'the client has disconnected' }]);
    expect(handler.published).toHaveLength(1);
  });

  it('by a broken line is told to the desk once, and nothing is delivered any more', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    client.send('SUBSCRIBE', { ...EVENTS, receipt: 'r' });
    await client.next();
    client.destroy();
    await until('the desk knows', () => handler.goodbyes.length === 1);
    expect(handler.subscriptions[0]?.deliver(mail('x'))).toBe(false);
    expect(handler.drains).toBe(0);
  });

  it('by the owner carries its reason', async () => {
    const { letIn, handler } = await startGateway();
    const client = await letIn();
    handler.closeAll({ code: 'KICKED', message: 'an administrator has ended this session', cure: 'ask why' });
    expect(await client.error()).toMatchObject({ code: 'KICKED', cure: 'ask why' });
    expect(handler.goodbyes).toEqual([{ user: 'test/ivanov', reason: 'KICKED an administrator has ended this session' }]);
  });

  it('by the owner is the end, also for frames that have come and wait', async () => {
    const { letIn, handler } = await startGateway({ limits: { buffer: 64 * 1024 } });
    handler.subscribeTopic = (subscription) => {
      // more than the client may leave unread: what it sends is not read on
      subscription.deliver(onTopic('prices', 'x'.repeat(100_000)));
      process.nextTick(() => subscription.session.close({ code: 'KICKED', message: 'go away' }));
    };
    const client = await letIn();
    client.socket.write('SUBSCRIBE\nid:1\ndestination:/topic/prices\n\n\0NONSENSE\n\n\0');
    expect((await client.next()).command).toBe('MESSAGE');
    expect(await client.error()).toMatchObject({ code: 'KICKED' });
    expect(client.frames).toEqual([]);
    expect(handler.goodbyes).toHaveLength(1);
  });

  it('comes with the end of the token', async () => {
    const { open, handler } = await startGateway();
    handler.tokenLifeMs = 300;
    const client = await open();
    client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    expect((await client.next()).command).toBe('CONNECTED');
    expect(await client.error()).toMatchObject({ code: 'STOMP_TOKEN_EXPIRED', message: 'the token has expired' });
  });

  it('of the server is told to every client', async () => {
    const { letIn, open, server } = await startGateway();
    const clients = [await letIn(), await open()];
    const closed = server.close();
    for (const client of clients) expect(await client.error()).toMatchObject({ code: 'STOMP_STOPPING' });
    await closed;
    expect(server.connections).toBe(0);
  });

  it.each([
    ['an unknown command', 'BEAT\n\n\0', 'STOMP_FRAME'],
    ["a server's command", 'MESSAGE\n\n\0', 'STOMP_FRAME'],
    ['a body where none belongs', 'BEGIN\ntransaction:t\n\nx\0', 'STOMP_FRAME'],
    ['an undefined escape', 'SEND\ndestination:\\t\n\n\0', 'STOMP_FRAME'],
    ['a header that is not UTF-8', Buffer.from('SEND\na:\xff\n\n\0', 'latin1'), 'STOMP_FRAME'],
    ['a gigabyte that is announced', 'SEND\ndestination:/events/a\ncontent-length:1073741824\n\n', 'STOMP_LIMIT'],
    ['a header of a megabyte', `SEND\na:${'x'.repeat(1_000_000)}`, 'STOMP_LIMIT'],
    ['a thousand headers', `SEND\n${'a:1\n'.repeat(1000)}\n\0`, 'STOMP_LIMIT'],
    ['a request of another protocol', 'GET / HTTP/1.1\r\n\r\n', 'STOMP_FRAME'],
  ])('comes after %s', async (_, bytes, code) => {
    const { letIn } = await startGateway();
    const client = await letIn();
    client.socket.write(bytes);
    expect(await client.error()).toMatchObject({ code });
  });
});
