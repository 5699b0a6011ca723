import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { PbxOptions } from '@sluice/emulator';
import { actionContract, openPlugin, until } from '@sluice/testing';
import { exchangePeer, reaching, startExchange } from '../../test/ami-peer.js';
import { plugin } from '../plugin.js';
import { untilOpen } from './working-hours.js';

actionContract(plugin, 'dial', {
  peer: exchangePeer,
  waive: { 'reports an overload with the fate overload': 'Asterisk has no answer for an overload: it refuses the action' },
  input: { number: '79161234567', context: 'debt-ivr' },
});

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(exchange: Partial<PbxOptions> = {}, config: object = {}, now?: () => Date) {
  const pbx = await startExchange(exchange);
  closing.push(() => pbx.close());
  const another = async () => {
    const opened = await openPlugin(plugin, { ...reaching(pbx), ...config }, now && { now });
    closing.push(() => opened.close());
    return opened;
  };
  return { pbx, another, ...(await another()) };
}

const target = { number: '79161234567', context: 'debt-ivr' };

describe('asterisk-ami.dial', () => {
  it('returns the seconds of talk and publishes them', async () => {
    const { pbx, actions, emitted } = await open();
    const result = await actions.dial({ ...target, via: 'PJSIP/{number}@trunk', emitAs: 'campaign.called' }, { id: 'run/dial' });
    expect(result).toEqual({
      number: '79161234567',
      result: 'answered',
      attempts: 1,
      seconds: 0,
      cause: 16,
      channelId: 'sluice-run-dial-1',
    });
    expect(emitted).toEqual([{ type: 'campaign.called', subject: '79161234567', partitionkey: '79161234567', data: result }]);
    expect(pbx.stats().originated).toMatchObject([{ channel: 'PJSIP/79161234567@trunk', channelId: 'sluice-run-dial-1' }]);
  });

  it.each([
    ['busy', 'busy', 17],
    ['noanswer', 'noAnswer', 0],
    ['congestion', 'congestion', 34],
    ['unallocated', 'unallocated', 1],
  ] as const)('reports a number that is %s by the cause of its own channel', async (outcome, result, cause) => {
    const { actions } = await open({ outcomes: { 79161234567: outcome } });
    expect(await actions.dial(target)).toMatchObject({ result, seconds: 0, cause });
  });

  it.each([
    ['the hang-up', ['Hangup', 'OriginateResponse']],
    ['the response', ['OriginateResponse', 'Hangup']],
  ])('reports the cause also when %s comes first', async (_title, order) => {
    const { pbx, actions } = await open({ outcomes: { 79161234567: 'busy' }, ringMs: 60_000 });
    const dialled = actions.dial(target, { id: 'run/dial' });
    await until('the call', () => pbx.stats().channels === 1, 5_000);
    const Uniqueid = 'sluice-run-dial-1';
    const events: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      Hangup: { Uniqueid, Cause: '17' },
      OriginateResponse: { Uniqueid, ActionID: Uniqueid, Response: 'Failure', Reason: '0' },
    };
    for (const name of order) pbx.send(name, events[name] ?? {});
    expect(await dialled).toMatchObject({ result: 'busy', cause: 17, seconds: 0 });
  });

  it('is repeated after the interval while nobody answers, and returns the result of the last try', async () => {
    const { actions, emitted } = await open({ outcomes: { 79161234567: 'busy' } });
    const campaign = { ...target, attempts: 2, interval: '30m', emitAs: 'campaign.called' };
    await expect(actions.dial(campaign, { attempt: 1 })).rejects.toMatchObject({
      code: 'AMI_NOT_REACHED',
      fate: 'retry',
      options: { sent: 'yes', postponeMs: 30 * 60_000 },
    });
    expect(emitted).toEqual([]);
    expect(await actions.dial(campaign, { attempt: 2 })).toMatchObject({ result: 'busy', attempts: 2 });
    expect(emitted).toHaveLength(1);
  });

  it('waits for the working hours of the exchange without a try', async () => {
    // 18:00 in Moscow is 20:00 in Yekaterinburg
    const { pbx, actions } = await open({}, { timezone: 'Asia/Yekaterinburg' }, () => new Date('2026-11-22T15:00:00Z'));
    await expect(actions.dial({ ...target, hours: '10:00-19:00' })).rejects.toMatchObject({
      code: 'AMI_NOT_NOW',
      options: { sent: 'no', postponeMs: 14 * 3_600_000 + 1_000 },
    });
    expect(pbx.stats().originated).toEqual([]);
    expect(await actions.dial({ ...target, hours: '10:00-21:00' })).toMatchObject({ result: 'answered' });
  });

  it('calls no number of the do-not-call list', async () => {
    const { pbx, actions } = await open(
      { database: { dnc: ['79162222222'] } },
      { doNotCall: { numbers: ['79161111111'], family: 'dnc' } },
    );
    for (const number of ['79161111111', '79162222222'])
      expect(await actions.dial({ ...target, number })).toMatchObject({ result: 'doNotCall', channelId: null });
    expect(pbx.stats().originated).toEqual([]);
    expect(await actions.dial(target)).toMatchObject({ result: 'answered' });
  });

  it('follows a call of a previous host and rings nobody twice', async () => {
    const { pbx, actions, another } = await open({ talkMs: 60_000 });
    const stopping = new AbortController();
    const first = actions.dial(target, { id: 'run/dial', signal: stopping.signal });
    const second = await another();
    const state = { Action: 'Getvar', Channel: 'sluice-run-dial-1', Variable: 'CHANNEL(state)' };
    await until('the answer', async () => {
      const { Value } = await second.client.ask(state).catch(() => ({ Value: 'none' }));
      return Value === 'Up';
    });
    stopping.abort();
    await expect(first).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const asked = pbx.stats().actions['Getvar'] ?? 0;
    const followed = second.actions.dial({ ...target, attempts: 2 }, { id: 'run/dial' });
    await until('the other host to find the call', () => (pbx.stats().actions['Getvar'] ?? 0) > asked);
    await second.actions.hangup({ channel: 'sluice-run-dial-1' });
    expect(await followed).toMatchObject({ result: 'answered', channelId: 'sluice-run-dial-1' });
    expect(pbx.stats().originated).toHaveLength(1);
  });

  it('rings nobody again after the end of the call, and returns an unknown result', async () => {
    const { pbx, actions, another } = await open({ talkMs: 60_000 });
    const stopping = new AbortController();
    const first = actions.dial({ ...target, attempts: 3 }, { id: 'run/dial', signal: stopping.signal });
    await until('the call', () => pbx.stats().channels === 1, 5_000);
    stopping.abort();
    await expect(first).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const second = await another();
    await second.actions.hangup({ channel: 'sluice-run-dial-1' });
    for (const attempt of [1, 2])
      expect(await second.actions.dial({ ...target, attempts: 3 }, { id: 'run/dial', attempt })).toMatchObject({
        result: 'unknown',
        attempts: 1,
        channelId: 'sluice-run-dial-1',
      });
    expect(pbx.stats().originated).toHaveLength(1);
  });

  it('returns the stored result when the step is repeated', async () => {
    const { pbx, actions, another } = await open({ outcomes: { 79161234567: 'busy' } });
    const first = await actions.dial(target, { id: 'run/dial' });
    expect(first).toMatchObject({ result: 'busy' });
    expect(await (await another()).actions.dial(target, { id: 'run/dial' })).toEqual(first);
    expect(pbx.stats().originated).toHaveLength(1);
  });

  it('dials again after a refused order', async () => {
    const { pbx, actions } = await open({ denied: ['Originate'] });
    await expect(actions.dial(target, { id: 'run/dial' })).rejects.toMatchObject({ code: 'AMI_DENIED' });
    expect(pbx.stats().database).toEqual({});
  });

  it('warns once that calls may be repeated without notes', async () => {
    const { actions, host } = await open({ denied: ['DBGet', 'DBPut'] });
    for (const id of ['run-1/dial', 'run-2/dial'])
      expect(await actions.dial(target, { id })).toMatchObject({ result: 'answered' });
    expect(host.log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('refuses notes') }),
    ]);
  });

  it('keeps notes for one to two months', async () => {
    let now = new Date('2026-10-31T12:00:00Z');
    const { pbx, actions, another } = await open({}, {}, () => now);
    await actions.dial(target, { id: 'run/dial' });
    now = new Date('2026-11-30T12:00:00Z');
    await actions.dial(target, { id: 'run/dial' });
    expect(pbx.stats().originated).toHaveLength(1);
    now = new Date('2026-12-01T12:00:00Z');
    await (await another()).actions.dial(target, { id: 'another/dial' });
    expect(Object.keys(pbx.stats().database)).toEqual(['/sluice-2026-12/sluice-another-dial']);
  });

  it('stores the note before it removes old notes', async () => {
    const { client, actions } = await open();
    const ask = jest.spyOn(client, 'ask');
    await actions.dial(target);
    const names = ask.mock.calls.map(([{ Action }]) => Action).filter((name) => name.startsWith('DB'));
    expect(names.slice(0, 2)).toEqual(['DBPut', 'DBDelTree']);
  });

  it('rejects when the exchange dies during the call', async () => {
    const { pbx, actions } = await open({ talkMs: 60_000 });
    const dialled = actions.dial(target);
    await until('the call', () => pbx.stats().channels === 1, 5_000);
    pbx.restart();
    const failure = await dialled.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'AMI_CUT_OFF', fate: 'retry' });
    expect((failure as { options: object }).options).not.toHaveProperty('sent');
  });
});

describe('working hours', () => {
  const hour = 3_600_000;
  const moscow = (text: string) => new Date(`${text}+03:00`);
  it.each([
    ['within them', '10:00-19:00', undefined, '2026-11-20T10:00:00', 0],
    ['at their end', '10:00-19:00', undefined, '2026-11-20T19:00:00', 15 * hour],
    ['before them', '10:00-19:00', undefined, '2026-11-20T09:30:00', hour / 2],
    ['across midnight', '22:00-06:00', undefined, '2026-11-20T05:59:59', 0],
    ['across midnight, between', '22:00-06:00', undefined, '2026-11-20T06:00:00', 16 * hour],
    ['over a weekend', '10:00-19:00', ['mon', 'fri'], '2026-11-20T20:00:00', 62 * hour],
    ['on a whole day', '00:00-00:00', ['sun'], '2026-11-21T23:00:00', hour],
    ['in a night that began on its day', '22:00-06:00', ['fri'], '2026-11-21T03:00:00', 0],
  ] as const)('%s', (_title, hours, days, now, expected) => {
    expect(untilOpen({ hours, days }, 'Europe/Moscow', moscow(now))).toBe(expected);
  });
});
