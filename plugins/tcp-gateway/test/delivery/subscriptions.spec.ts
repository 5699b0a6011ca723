import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeWorkspace, until } from '@sluice/testing';
import { Client, type IMessage } from '@stomp/stompjs';
import { tcpWrapper } from '../server/support/tcp-wrapper.js';
import { closeHosts, startHost } from './support/hosts.js';

closeHosts();
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.deactivate({ force: true })));
});

/** Starts a host and connects an unmodified @stomp/stompjs to it. */
async function connected() {
  const workspace = new FakeWorkspace();
  const host = await startHost({ workspace });
  const client = new Client({
    webSocketFactory: () => tcpWrapper(host.gateway.port ?? 0),
    connectHeaders: { passcode: workspace.issue('ivanov') },
    reconnectDelay: 0,
  });
  clients.push(client);
  const errors: string[] = [];
  client.onStompError = ({ headers }) => errors.push(headers['message'] ?? '');
  await new Promise<void>((resolve) => {
    client.onConnect = () => resolve();
    client.activate();
  });
  let receipts = 0;
  const done = (begin: (receipt: string) => void) =>
    new Promise<void>((resolve) => {
      const receipt = `r${++receipts}`;
      client.watchForReceipt(receipt, () => resolve());
      begin(receipt);
    });
  const subscribe = async (destination: string, ack = 'client-individual') => {
    const messages: IMessage[] = [];
    let unsubscribe = (): void => undefined;
    await done((receipt) => {
      ({ unsubscribe } = client.subscribe(destination, (message) => messages.push(message), { ack, receipt }));
    });
    return { messages, unsubscribe, bodies: () => messages.map(({ body }) => body) };
  };
  const send = (data: unknown) => host.send({ to: { user: 'ivanov' }, event: 'test', data });
  const acknowledge = (message: IMessage | undefined) => done((receipt) => message?.ack({ receipt }));
  return { workspace, host, client, errors, subscribe, send, acknowledge };
}

describe('several subscriptions of one session to one destination', () => {
  it('each receive a copy of a broadcast under their own id, until they end', async () => {
    const { host, errors, subscribe } = await connected();
    const [first, second] = [await subscribe('/topic/prices', 'auto'), await subscribe('/topic/prices', 'auto')];
    await host.broadcast({ topic: 'prices', event: 'changed', data: 1 });
    await until('both copies', () => first.messages.length === 1 && second.messages.length === 1);
    const ids = [first, second].map(({ messages }) => messages[0]?.headers['subscription']);
    expect(new Set(ids).size).toBe(2);
    first.unsubscribe();
    await host.broadcast({ topic: 'prices', event: 'changed', data: 2 });
    await until('the second copy', () => second.messages.length === 2);
    expect([first.bodies(), errors]).toEqual([['1'], []]);
  });

  it('each receive a copy of an event for the user, and the first ACK removes the event', async () => {
    const { host, workspace, errors, subscribe, send, acknowledge } = await connected();
    const [first, second] = [await subscribe('/user/events'), await subscribe('/user/events')];
    await send('one');
    await send('two');
    await until('all copies', () => first.messages.length === 2 && second.messages.length === 2);
    await acknowledge(first.messages[0]);
    await acknowledge(second.messages[0]);
    const later = await host.connect('ivanov');
    expect(await later.texts(1)).toEqual(['"two"']);
    expect([errors, workspace.published.map(({ type }) => type)]).toEqual([[], ['user.connected']]);
  });

  it('receive an event again after a NACK only at the subscription that rejected it', async () => {
    const { subscribe, send } = await connected();
    const [first, second] = [await subscribe('/user/events'), await subscribe('/user/events')];
    await send('hard');
    await until('both copies', () => first.messages.length === 1 && second.messages.length === 1);
    first.messages[0]?.nack();
    await until('the event again', () => first.messages.length === 2);
    expect(first.messages[1]?.headers['redelivered']).toBe('true');
    expect(second.messages).toHaveLength(1);
  });

  it('acknowledge earlier events of the same subscription with ack:client', async () => {
    const { host, subscribe, send, acknowledge } = await connected();
    const one = await subscribe('/user/events', 'client');
    for (const data of [1, 2, 3]) await send(data);
    await until('all three', () => one.messages.length === 3);
    await acknowledge(one.messages[1]);
    const later = await host.connect('ivanov');
    expect(await later.texts(1)).toEqual(['3']);
  });

  it('leave unacknowledged events to the other subscriptions when they end', async () => {
    const { host, subscribe, send, acknowledge } = await connected();
    const [first, second] = [await subscribe('/user/events'), await subscribe('/user/events')];
    await send('one');
    await until('both copies', () => first.messages.length === 1 && second.messages.length === 1);
    first.unsubscribe();
    await acknowledge(second.messages[0]);
    const later = await host.connect('ivanov');
    await send('two');
    expect(await later.texts(1)).toEqual(['"two"']);
  });

  it('are limited to ten', async () => {
    const { errors, client, subscribe } = await connected();
    for (let n = 0; n < 10; n++) await subscribe('/topic/prices');
    client.subscribe('/topic/prices', () => undefined);
    await until('the ERROR frame', () => errors.length === 1);
    expect(errors[0]).toBe('a session has at most 10 subscriptions to one destination');
  });
});
