import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@sluice/plugin-api';
import type { Pbx, PbxOptions } from '@sluice/emulator';
import { openPlugin, triggerContract, until } from '@sluice/testing';
import { callingPeer, reaching, startExchange } from '../../test/ami-peer.js';
import { RECORDING } from '../../test/recording.js';
import { event } from './event.js';
import { plugin } from '../plugin.js';

triggerContract(plugin, 'event', { peer: callingPeer, options: { events: ['DialBegin'] } });

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Returns a subscription to an exchange and the events that it has reported so far. */
async function subscribe(options: object, exchange: Partial<PbxOptions> = {}, config: object = {}) {
  const pbx = await startExchange(exchange);
  const opened = await openPlugin(plugin, { ...reaching(pbx), ...config });
  const accepted: NewEvent[] = [];
  const ending = new AbortController();
  const accept = async (one: NewEvent) => {
    accepted.push(one);
    return { id: 'x' };
  };
  const subscription = event.subscribe(opened.client, event.options.parse(options), accept, ending.signal, 'flow');
  closing.push(
    () => pbx.close(),
    () => opened.close(),
    async () => {
      ending.abort();
      await subscription.catch(() => undefined);
    },
  );
  await until('the subscription', () => pbx.stats().actions['Events'] === 1, 5_000);
  return { pbx, opened, accepted, subscription };
}

const namesOf = (events: readonly NewEvent[]) => events.map(({ data }) => (data as { Event: string }).Event);

/** Sends a last event and resolves once it has arrived, after all events before it. */
async function settled(pbx: Pbx, accepted: readonly NewEvent[]) {
  pbx.send('DialEnd', { Mark: 'last' });
  await until('the last event', () => accepted.some(({ data }) => (data as { Mark?: string }).Mark === 'last'), 5_000);
}

describe('asterisk-ami.event', () => {
  it('reports only the wanted events of a recorded call', async () => {
    const { pbx, accepted } = await subscribe({ events: ['DialBegin', 'DialEnd'] });
    pbx.sendRaw(RECORDING);
    await until('four events', () => accepted.length === 4, 5_000);
    await settled(pbx, accepted);
    expect(namesOf(accepted.slice(0, -1))).toEqual(['DialBegin', 'DialBegin', 'DialEnd', 'DialEnd']);
    expect(accepted[1]).toMatchObject({
      subject: '1795351835.0',
      partitionkey: '1795351835.0',
      data: { CallerIDNum: '79161234567', CallerIDName: 'Иванов Пётр', DestCallerIDNum: '201' },
    });
  });

  it('reports only the wanted variables', async () => {
    const { pbx, accepted } = await subscribe({ events: ['VarSet', 'DialEnd'], variables: ['CRM_ID', 'DIALSTATUS'] });
    pbx.sendRaw(RECORDING);
    await settled(pbx, accepted);
    const variables = accepted.map(({ data }) => (data as { Variable?: string }).Variable).filter(Boolean);
    expect(variables).toEqual(['DIALSTATUS', '__CRM_ID', 'DIALSTATUS', 'DIALSTATUS']);
  });

  it('reports only events whose fields match', async () => {
    const { pbx, accepted } = await subscribe({ events: ['*'], match: { Channel: 'PJSIP/101-*', Mark: 'a*' } });
    pbx.send('Newstate', { Channel: 'PJSIP/101-1', Mark: 'a.b' });
    pbx.send('Newstate', { Channel: 'PJSIP/1012-1', Mark: 'a' });
    pbx.send('Hangup', { Channel: 'PJSIP/101-1', Mark: 'x' });
    pbx.send('Hangup', { Channel: 'PJSIP/101-2', Mark: 'a' });
    await until('the last event', () => namesOf(accepted).includes('Hangup'), 5_000);
    expect(accepted.map(({ data }) => (data as { Channel: string }).Channel)).toEqual(['PJSIP/101-1', 'PJSIP/101-2']);
  });

  it.each([
    [['*'], { Event: 'Dial*' }, ['DialBegin', 'DialEnd']],
    [['*'], { Event: 'Dial*', Mark: 'x' }, ['DialEnd']],
    [['DialBegin', 'Hangup'], { Event: 'Dial*' }, ['DialBegin']],
  ])('matches the name of the event like any other field: %j %j', async (events, match, expected) => {
    const { pbx, accepted } = await subscribe({ events, match });
    pbx.send('DialBegin', { Channel: 'PJSIP/101-1' });
    pbx.send('Newstate', { Mark: 'x', Text: 'Event: DialEnd' });
    pbx.send('DialEnd', { Mark: 'x' });
    pbx.send('Hangup', { Mark: 'x' });
    await until('the events', () => accepted.length === expected.length, 5_000);
    expect(namesOf(accepted)).toEqual(expected);
  });

  it('sets filters, so that the exchange sends little else', async () => {
    const { pbx, accepted } = await subscribe({ events: ['Hangup', 'VarSet'], variables: ['MIXMONITOR_FILENAME'] });
    const call = pbx.incoming({ from: '79161234567', to: '101' });
    call.setVariable('OTHER', '1');
    call.setVariable('MIXMONITOR_FILENAME', '/rec/1.wav');
    call.hangUp('noanswer');
    await until('three events', () => accepted.length === 3, 5_000);
    // the exchange emitted eight events for two channels
    expect([pbx.stats().events, namesOf(accepted)]).toEqual([3, ['VarSet', 'Hangup', 'Hangup']]);
  });

  it('filters events itself when the user may not set filters', async () => {
    const { pbx, accepted, opened } = await subscribe({ events: ['Hangup', 'DialEnd'] }, { denied: ['Filter'] });
    pbx.incoming({ from: '79161234567', to: '101' }).hangUp();
    await settled(pbx, accepted);
    expect(namesOf(accepted)).toEqual(['DialEnd', 'Hangup', 'Hangup', 'DialEnd']);
    expect(opened.host.log.lines).toEqual([
      expect.objectContaining({ level: 'info', message: expect.stringContaining('the connector filters them') }),
    ]);
  });

  it('rejects for every subscriber while the exchange refuses to send events', async () => {
    const pbx = await startExchange({ denied: ['Events'] });
    const opened = await openPlugin(plugin, reaching(pbx));
    closing.push(
      () => pbx.close(),
      () => opened.close(),
    );
    const accept = () => Promise.resolve({ id: '' });
    const { signal } = new AbortController();
    for (let subscriber = 1; subscriber <= 3; subscriber++)
      await expect(event.subscribe(opened.client, { events: ['Hangup'] }, accept, signal, 'flow')).rejects.toMatchObject({
        code: 'AMI_DENIED',
      });
    expect(pbx.stats().actions).toMatchObject({ Events: 3 });
  });

  it('reads events that arrive byte by byte', async () => {
    const { pbx, accepted } = await subscribe({ events: ['DialBegin'] }, { splitBytes: 1 });
    pbx.incoming({ from: '79161234567', fromName: 'Ёжиков', to: '101' });
    await until('the event', () => accepted.length === 1, 20_000);
    expect(accepted[0]?.data).toMatchObject({ CallerIDName: 'Ёжиков', DestCallerIDNum: '101' });
  });

  it('reads texts of a dialplan in windows-1251', async () => {
    const { pbx, accepted } = await subscribe({ events: ['DialBegin'] }, {}, { charset: 'windows-1251' });
    pbx.sendRaw(
      Buffer.concat([
        Buffer.from('Event: DialBegin\r\nCallerIDName: '),
        Buffer.from([0xb8, 0xe6, 0xe8, 0xea]),
        Buffer.from('\r\n\r\n'),
      ]),
    );
    await until('the event', () => accepted.length === 1, 5_000);
    expect(accepted[0]?.data).toMatchObject({ CallerIDName: 'ёжик' });
  });

  it('uses the time of the exchange when the event contains it', async () => {
    const { pbx, accepted } = await subscribe({ events: ['Hangup'] });
    pbx.send('Hangup', { Timestamp: '1795351835.250000' });
    await until('the event', () => accepted.length === 1, 5_000);
    expect(accepted[0]?.time?.toISOString()).toBe('2026-11-22T12:50:35.250Z');
  });

  it('rejects when the exchange restarts', async () => {
    const { pbx, subscription, opened } = await subscribe({ events: ['Hangup'] });
    pbx.restart();
    await expect(subscription).rejects.toThrow('Asterisk at 127.0.0.1');
    expect(opened.host.losses).toHaveLength(1);
  });

  it('keeps reading while events are not accepted, so that the exchange does not disconnect it', async () => {
    const pbx = await startExchange();
    const opened = await openPlugin(plugin, reaching(pbx));
    closing.push(
      () => pbx.close(),
      () => opened.close(),
    );
    let offered = 0;
    const never = () => {
      offered++;
      return new Promise<never>(() => undefined);
    };
    void event
      .subscribe(opened.client, { events: ['Hangup'] }, never, new AbortController().signal, 'flow')
      .catch(() => undefined);
    await until('the subscription', () => pbx.stats().actions['Events'] === 1, 5_000);
    for (let round = 0; round < 50; round++) {
      for (let one = 0; one < 200; one++) pbx.send('Hangup', { Number: one, Text: 'x'.repeat(500) });
      await until('this round', () => offered === (round + 1) * 200, 5_000);
    }
    expect(pbx.stats()).toMatchObject({ cutOff: 0, sessions: 1 });
  });
});
