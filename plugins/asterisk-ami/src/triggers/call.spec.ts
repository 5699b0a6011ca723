import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@sluice/plugin-api';
import type { Pbx } from '@sluice/emulator';
import { openPlugin, triggerContract, until } from '@sluice/testing';
import { callingPeer, reaching, startExchange } from '../../test/ami-peer.js';
import { RECORDING } from '../../test/recording.js';
import { call } from './call.js';
import type { CallPhase } from '../calls/call-phase.js';
import { plugin } from '../plugin.js';

triggerContract(plugin, 'call', { peer: callingPeer, options: { phases: ['ringing'] } });

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Returns a function that subscribes like the engine: with the same options after each loss. */
async function subscribe(options: object = {}, exchange?: Pbx) {
  const pbx = exchange ?? (await startExchange());
  const parsed = call.options.parse(options);
  const accepted: (NewEvent & { readonly data: CallPhase })[] = [];
  let now = Date.parse('2026-11-22T12:00:00Z');
  const once = async () => {
    const opened = await openPlugin(plugin, reaching(pbx), { now: () => new Date(now) });
    const ending = new AbortController();
    const accept = async (one: NewEvent<CallPhase>) => {
      accepted.push(call.output.parse(one.data) && one);
      return { id: one.id ?? '' };
    };
    const before = pbx.stats().actions['CoreShowChannels'] ?? 0;
    const subscription = call.subscribe(opened.client, parsed, accept, ending.signal, 'flow').catch(() => undefined);
    closing.push(() => opened.close());
    await until('the listing of channels', () => (pbx.stats().actions['CoreShowChannels'] ?? 0) > before, 5_000);
    return { subscription, stop: () => ending.abort() };
  };
  if (!exchange) closing.push(() => pbx.close());
  const phases = () => accepted.map(({ data }) => data);
  return { pbx, accepted, phases, once, pass: (seconds: number) => (now += seconds * 1_000) };
}

const count = (phases: () => readonly CallPhase[], n: number) => until(`${n} phases`, () => phases().length === n, 5_000);

describe('asterisk-ami.call', () => {
  it('reports the phases of an incoming call', async () => {
    const { pbx, accepted, phases, once, pass } = await subscribe({ variables: ['CRM_ID'] });
    await once();
    const incoming = pbx.incoming({ from: '79161234567', fromName: 'Иванов Пётр', did: '74950000000', to: '101' });
    await count(phases, 1);
    pass(7);
    incoming.answer();
    await count(phases, 2);
    incoming.setVariable('MIXMONITOR_FILENAME', '/rec/1.wav');
    incoming.setVariable('__CRM_ID', '42');
    pass(31);
    incoming.hangUp();
    await count(phases, 3);
    const party = {
      call: incoming.linkedid,
      direction: 'incoming',
      from: '79161234567',
      fromName: 'Иванов Пётр',
      to: '74950000000',
      extension: '101',
    };
    expect(phases()).toMatchObject([
      {
        ...party,
        phase: 'ringing',
        answered: false,
        talking: 0,
        recording: null,
        channel: expect.stringContaining('PJSIP/101-'),
      },
      { ...party, phase: 'answered', answered: true, ringing: 7, talking: 0 },
      {
        ...party,
        phase: 'finished',
        answered: true,
        ringing: 7,
        talking: 31,
        duration: 38,
        cause: 16,
        causeText: 'Normal Clearing',
        recording: '/rec/1.wav',
        variables: { CRM_ID: '42' },
      },
    ]);
    expect(accepted.map(({ id, subject, partitionkey }) => [id, subject, partitionkey])).toEqual(
      [`ringing/1795351835.1`, `answered/1795351835.1`, 'finished'].map((end) => [
        `${incoming.linkedid}/${end}`,
        incoming.linkedid,
        incoming.linkedid,
      ]),
    );
  });

  it('reports an unanswered call', async () => {
    const { pbx, phases, once } = await subscribe({ phases: ['finished'] });
    await once();
    pbx.incoming({ from: '79161234567', to: '101' }).hangUp('busy');
    await count(phases, 1);
    expect(phases()).toMatchObject([{ phase: 'finished', answered: false, talking: 0, cause: 17, extension: '101' }]);
  });

  it('reports a blind transfer', async () => {
    const { pbx, phases, once } = await subscribe();
    await once();
    const incoming = pbx.incoming({ from: '79161234567', to: '101' });
    incoming.answer();
    incoming.transfer('102');
    incoming.answer();
    incoming.hangUp();
    await count(phases, 6);
    expect(phases().map(({ phase, extension, transferredTo }) => [phase, extension, transferredTo])).toEqual([
      ['ringing', '101', null],
      ['answered', '101', null],
      ['transferred', '101', '102'],
      ['ringing', '102', '102'],
      ['answered', '102', '102'],
      ['finished', '102', '102'],
    ]);
  });

  it('reports no ringing and no person in a recorded call of Local channels only', async () => {
    const { pbx, phases, once } = await subscribe();
    await once();
    pbx.sendRaw(RECORDING);
    await count(phases, 2);
    expect(phases()).toMatchObject([
      { phase: 'answered', call: '1795351835.0', answeredBy: 'dialplan', extension: null },
      { phase: 'finished', call: '1795351835.0', answered: true, answeredBy: 'dialplan', cause: 16 },
    ]);
  });

  it('reports the numbers of a click-to-call from its first phase on', async () => {
    const { pbx, phases, once } = await subscribe();
    await once();
    const opened = await openPlugin(plugin, reaching(pbx));
    closing.push(() => opened.close());
    await opened.actions.originate({ channel: 'PJSIP/101', context: 'internal', exten: '79161234567' }, { id: 'run/call' });
    await count(phases, 4);
    expect(phases().map(({ phase, extension }) => `${phase} ${extension}`)).toEqual([
      'ringing 101',
      'ringing 101',
      'answered 101',
      'finished 101',
    ]);
    for (const phase of phases()) expect(phase).toMatchObject({ direction: 'outgoing', from: '101', to: '79161234567' });
  });

  it('reports one end of a call whose OriginateResponse overtakes its channel', async () => {
    const { pbx, phases, once } = await subscribe();
    await once();
    const channel = { Uniqueid: 'x', Linkedid: 'x', Channel: 'PJSIP/trunk-1' };
    pbx.send('OriginateResponse', { Response: 'Failure', ActionID: 'x', Uniqueid: 'x', Channel: 'PJSIP/7916@trunk', Exten: 's' });
    pbx.send('Newchannel', { ...channel, ChannelState: 0 });
    pbx.send('Hangup', { ...channel, Cause: 34 });
    pbx.incoming({ from: '79161234567', to: '101' });
    await count(phases, 2);
    expect(phases()).toMatchObject([{ phase: 'finished', call: 'x', cause: 34 }, { phase: 'ringing' }]);
  });

  it('reports the end of an order that rang nobody when the subscription stops', async () => {
    const { pbx, phases, once } = await subscribe();
    const { stop, subscription } = await once();
    const response = { Response: 'Failure', ActionID: 'x', Uniqueid: '<unknown>', Channel: 'PJSIP/999', Exten: '7916' };
    pbx.send('OriginateResponse', response);
    pbx.incoming({ from: '79161234567', to: '101' });
    await count(phases, 1);
    stop();
    await subscription;
    expect(phases()).toMatchObject([
      { phase: 'ringing' },
      { phase: 'finished', call: 'x', from: '999', to: '7916', answered: false },
    ]);
  });

  it('recognises an outgoing call by its telephone and not by the shown number', async () => {
    const { pbx, phases, once } = await subscribe({ phases: ['ringing', 'finished'] });
    await once();
    const leg = { Linkedid: '5.0', DestUniqueid: '5.1', DestLinkedid: '5.0', DestChannel: 'PJSIP/trunk-0000000b' };
    const caller = {
      Channel: 'PJSIP/101-0000000a',
      CallerIDNum: '74950000000',
      Uniqueid: '5.0',
      Linkedid: '5.0',
      Exten: '89161234567',
    };
    pbx.send('Newchannel', caller);
    pbx.send('DialBegin', { ...caller, ...leg, DestCallerIDNum: '89161234567', DialString: '79161234567@trunk' });
    pbx.send('Hangup', { Uniqueid: '5.1', Linkedid: '5.0', Cause: 16 });
    pbx.send('Hangup', { Uniqueid: '5.0', Linkedid: '5.0', Cause: 16 });
    await count(phases, 2);
    expect(phases()).toMatchObject([
      { phase: 'ringing', direction: 'outgoing', from: '101', to: '89161234567', extension: '101' },
      { phase: 'finished', direction: 'outgoing', extension: '101' },
    ]);
  });

  it('finishes calls that ended while the session was lost', async () => {
    const { pbx, phases, once } = await subscribe();
    const first = await once();
    pbx.incoming({ from: '79161234567', to: '101' }).answer();
    await count(phases, 2);
    pbx.restart();
    await first.subscription;
    await once();
    await count(phases, 3);
    expect(phases().at(-1)).toMatchObject({
      phase: 'finished',
      answered: true,
      cause: null,
      causeText: null,
      from: '79161234567',
    });
  });

  it('reports calls that were up before the subscription', async () => {
    const { pbx, phases, once } = await subscribe();
    const incoming = pbx.incoming({ from: '79161234567', to: '101' });
    await once();
    // the first Getvar asks for the read classes
    await until('the request for the dialled number', () => (pbx.stats().actions['Getvar'] ?? 0) > 1, 5_000);
    incoming.answer();
    incoming.hangUp();
    await count(phases, 2);
    expect(phases()).toMatchObject([
      { phase: 'answered', from: '79161234567', to: '74950000000', direction: 'incoming', recovered: true },
      { phase: 'finished', from: '79161234567', answered: true, answeredBy: 'person', recovered: true },
    ]);
  });

  it('reports no unobserved seconds of a talk, and keeps the values that the exchange lists', async () => {
    const { pbx, phases, once } = await subscribe();
    const incoming = pbx.incoming({ from: '79161234567', to: '101' });
    incoming.answer();
    await once();
    await until('the bridges', () => pbx.stats().actions['BridgeList'] === 1, 5_000);
    incoming.hangUp();
    await count(phases, 1);
    expect(phases()).toMatchObject([
      {
        phase: 'finished',
        direction: 'incoming',
        from: '79161234567',
        to: '74950000000',
        extension: '101',
        answered: true,
        answeredBy: 'person',
        ringing: null,
        talking: null,
        duration: 1,
        recovered: true,
      },
    ]);
  });

  it('reports variables without the quoting of the exchange', async () => {
    const { pbx, phases, once } = await subscribe({ phases: ['finished'], variables: ['NOTE'] });
    await once();
    const incoming = pbx.incoming({ from: '79161234567', to: '101' });
    incoming.setVariable('NOTE', '7, "x" [y]\\z \'?');
    incoming.hangUp();
    await count(phases, 1);
    expect(phases()).toMatchObject([{ variables: { NOTE: '7, "x" [y]\\z \'?' } }]);
  });

  it('forgets its calls when another host takes over', async () => {
    const { pbx, phases, once } = await subscribe();
    const first = await once();
    pbx.incoming({ from: '79161234567', to: '101' }).answer();
    await count(phases, 2);
    first.stop();
    await first.subscription;
    pbx.restart();
    await once();
    pbx.incoming({ from: '79990000000', to: '102' });
    await count(phases, 3);
    expect(phases().at(-1)).toMatchObject({ phase: 'ringing', from: '79990000000' });
  });
});
