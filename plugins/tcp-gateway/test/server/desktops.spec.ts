import { afterEach, describe, expect, it } from '@jest/globals';
import { startDesktops, type Desktops } from '@sluice/emulator';
import { until } from '@sluice/testing';
import { mail, onTopic } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways, type Gateway } from './support/gateway.js';

const opened: Desktops[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((desktops) => desktops.close()));
});
stopGateways();

async function withDesktops(users: number, token = 'ok') {
  const gateway = await startGateway();
  const desktops = await startDesktops({
    users,
    port: 0,
    gateway: { host: '127.0.0.1', port: gateway.port },
    token: () => token,
    topics: ['prices'],
  });
  opened.push(desktops);
  return { ...gateway, desktops };
}

const allSubscribed = ({ handler }: Gateway, users: number) =>
  until('all have subscribed to the topic', () => (handler.topics.get('prices')?.size ?? 0) >= users);

describe('emulated desktops', () => {
  it('connect, acknowledge events, and count them by id', async () => {
    const { desktops, handler, ...gateway } = await withDesktops(20);
    await allSubscribed({ handler, ...gateway }, 20);
    for (const [seq, subscription] of handler.subscriptions.entries()) subscription.deliver(mail('x', `m-${seq % 2}`), { seq });
    for (const subscription of handler.topics.get('prices') ?? []) subscription.deliver(onTopic('prices', 'new'));
    await until('all are acknowledged', () => handler.acknowledged.length === 20);
    handler.subscriptions[0]?.deliver(mail('x', 'm-0'), { seq: 0, redelivered: true });
    await until('the repeated one is seen', () => desktops.stats().repeated === 1);
    const answer = await fetch(`${desktops.url}/__stats?ids=1`);
    expect(await answer.json()).toMatchObject({
      users: 20,
      online: 20,
      connects: 20,
      received: 41,
      distinct: 40,
      repeated: 1,
      redelivered: 1,
      ids: { 'm-0': 11, 'm-1': 10, 't-1': 20 },
    });
  });

  it('disconnect and connect again on request', async () => {
    const { desktops, handler, ...gateway } = await withDesktops(6);
    await allSubscribed({ handler, ...gateway }, 6);
    await fetch(`${desktops.url}/__offline`, { method: 'POST', body: '{"users":4}' });
    await until('four sessions have ended', () => handler.closedSessions.length === 4);
    expect(desktops.stats()).toMatchObject({ online: 2, losses: 4 });
    await fetch(`${desktops.url}/__online`, { method: 'POST' });
    await until('all are back', () => desktops.stats().online === 6);
    expect(desktops.stats().connects).toBe(10);
  });

  it('connect again after the server has ended their session, and report its reason', async () => {
    const { desktops, handler, ...gateway } = await withDesktops(3);
    await allSubscribed({ handler, ...gateway }, 3);
    handler.closeAll({ code: 'STOMP_STOPPING', message: 'restart' });
    await until('all are back', () => desktops.stats().connects === 6);
    expect(desktops.stats().failures).toEqual({ 'STOMP_STOPPING restart': 3 });
  });

  it('report why the server rejects them', async () => {
    const { desktops } = await withDesktops(1, 'no');
    await until('the client is rejected', () => Object.keys(desktops.stats().failures).length > 0);
    expect(desktops.stats()).toMatchObject({
      online: 0,
      failures: { 'UNAUTHORIZED the token is not valid': expect.any(Number) },
    });
  });
});
