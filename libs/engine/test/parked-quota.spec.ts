import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines } from './engine-harness.js';

const { start } = testEngines();
const SETTINGS = 'settings: { limits: { parked: 10KiB } }\n';
const CALL = '  - { id: call, use: fake.push, connection: peer, with: { text: hello } }\n';
const FLOWS = [
  flow('order', CALL),
  'sluice: 1\nflow: first\ntrigger: { use: event, with: { types: [first.asked] } }\nsteps: [{ id: on, emit: { type: order.asked, data: "${{ trigger.data }}" } }]\n',
].join('---\n');
const refuse = () => {
  throw fail.REJECTED('no', { sent: 'yes' });
};
const SHOP = { source: '/issuers/shop/till-1' };
const LARGE = { text: 'x'.repeat(11_000) };

describe('an account whose parked runs are at the limit', () => {
  it('gets PARKED_FULL for new events on every host, while other accounts do not', async () => {
    const [broker, database] = [new MemoryBroker(), new MemoryDatabase()];
    const options = { flows: FLOWS, settings: SETTINGS, answer: refuse, broker, database };
    const machine = await start(options);
    const other = await start(options);
    await machine.publish('order.asked', LARGE, SHOP);
    await until('both hosts to know', () => [machine, other].every(({ engine }) => engine.parkedAccounts().length === 1));
    expect(machine.engine.parkedAccounts()[0]).toMatchObject({ account: 'issuer shop', runs: 1, limit: 10_240, isFull: true });
    for (const { engine } of [machine, other]) {
      const sent = { type: 'order.asked', data: {}, source: '/issuers/shop/till-2' };
      await expect(engine.ingress.publish(sent)).rejects.toMatchObject({
        code: 'PARKED_FULL',
        fate: 'overload',
        options: { sent: 'no' },
        message: expect.stringMatching(/^issuer shop has \d+ bytes in 1 parked runs, and the limit is 10240/),
      });
      await expect(engine.ingress.hand('order', sent)).rejects.toMatchObject({ code: 'PARKED_FULL' });
      await engine.ingress.publish({ ...sent, source: '/issuers/erp/1c' });
    }
    expect(machine.log.lines.filter(({ message }) => message.startsWith('issuer shop: its events are refused'))).toHaveLength(1);
  });

  it('can send events again once its runs are dropped', async () => {
    const machine = await start({ flows: FLOWS, settings: SETTINGS, answer: refuse });
    await machine.publish('order.asked', LARGE, SHOP);
    await until('the account to be full', () => machine.engine.parkedAccounts().length === 1);
    const [parked] = await machine.store.parked.list({ limit: 1 });
    await machine.engine.parking.drop(parked?.run ?? '');
    await until('the account to have room', () => machine.engine.parkedAccounts().length === 0);
    await machine.publish('order.asked', {}, SHOP);
  });

  it('is the account of the issuer for events that flows emit because of its events', async () => {
    const machine = await start({ flows: FLOWS, settings: SETTINGS, answer: refuse });
    await machine.publish('first.asked', LARGE, SHOP);
    await until('the account to be full', () => machine.engine.parkedAccounts().length === 1);
    expect(machine.engine.parkedAccounts()).toMatchObject([{ account: 'issuer shop' }]);
    await expect(machine.publish('first.asked', {}, SHOP)).rejects.toMatchObject({ code: 'PARKED_FULL' });
  });

  it('is the account of the flow for events without an issuer, and takes events that cannot be sent again', async () => {
    const machine = await start({ flows: FLOWS, settings: SETTINGS, answer: refuse });
    const sent = { type: 'order.asked', data: LARGE, source: '/connections/http' };
    await machine.engine.ingress.hand('order', sent);
    await until('the account to be full', () => machine.engine.parkedAccounts().length === 1);
    await expect(machine.engine.ingress.hand('order', sent)).rejects.toMatchObject({ code: 'PARKED_FULL' });
    await machine.engine.ingress.handLate('order', sent, Date.now());
    await machine.engine.ingress.hand('first', { ...sent, type: 'first.asked' });
    await until('the late event to be parked', async () => (await machine.store.parked.list({ limit: 10 })).length === 3);
  });

  it('keeps its state while the database is unavailable', async () => {
    const machine = await start({ flows: FLOWS, settings: SETTINGS, answer: refuse });
    await machine.publish('order.asked', LARGE, SHOP);
    await until('the account to be full', () => machine.engine.parkedAccounts().length === 1);
    machine.database.away = true;
    await until('a reading to fail', () => machine.log.lines.some(({ message }) => message.includes('cannot be read')));
    await expect(machine.publish('order.asked', {}, SHOP)).rejects.toMatchObject({ code: 'PARKED_FULL' });
    machine.database.away = false;
  });
});
