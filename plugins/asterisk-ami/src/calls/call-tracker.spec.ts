import { describe, expect, it } from '@jest/globals';
import { CallTracker } from './call-tracker.js';

const NOTHING = { dialled: new Map<string, string>(), holdingBridges: new Set<string>(), conferences: new Set<string>() };
const AT = new Date('2026-11-22T12:00:00Z');

const newTracker = () => new CallTracker({ extensions: /^\d{3}$/, recording: 'FILE', variables: [] });

const listed = (Uniqueid: string, Linkedid: string, Channel: string, more: object = {}) => ({
  Event: 'CoreShowChannel',
  Uniqueid,
  Linkedid,
  Channel,
  ChannelState: '6',
  Duration: '00:00:09',
  BridgeId: 'b-1',
  ...more,
});

const hangUp = (Uniqueid: string) => ({ Event: 'Hangup', Uniqueid, Cause: '16' });

describe('a tracker that starts in the middle of calls', () => {
  it('takes calls whose channels share a bridge for one, that of the oldest', () => {
    const tracker = newTracker();
    const channels = [
      listed('6.0', '6.0', 'PJSIP/102-1', { Duration: '00:00:04' }),
      listed('5.0', '5.0', 'PJSIP/trunk-1', { CallerIDNum: '79161234567' }),
    ];
    const told = tracker.recover(channels, NOTHING, AT);
    expect(told.map(({ data }) => data)).toMatchObject([{ phase: 'finished', call: '6.0', joined: '5.0', recovered: true }]);
    const ends = ['6.0', '5.0'].flatMap((id) => tracker.hear(hangUp(id), AT)).map(({ data }) => data);
    expect(ends).toMatchObject([{ phase: 'finished', call: '5.0', answered: true, answeredBy: 'person', extension: '102' }]);
  });

  it('adds a channel that still names a call which went on in another one to that other call', () => {
    const tracker = newTracker();
    const begin = (id: string, Channel: string) => ({
      Event: 'Newchannel',
      Uniqueid: id,
      Linkedid: id,
      Channel,
      ChannelState: '4',
      Exten: '101',
    });
    tracker.hear(begin('5.0', 'PJSIP/trunk-1'), AT);
    tracker.hear(begin('6.0', 'PJSIP/102-1'), AT);
    for (const Uniqueid of ['5.0', '6.0']) tracker.hear({ Event: 'BridgeEnter', Uniqueid, BridgeUniqueid: 'b-1' }, AT);
    expect(tracker.recover([listed('6.7', '6.0', 'PJSIP/103-1', { BridgeId: '' })], NOTHING, AT)).toEqual([]);
    const ends = ['5.0', '6.0', '6.7'].flatMap((id) => tracker.hear(hangUp(id), AT)).map(({ data }) => data);
    expect(ends).toMatchObject([{ phase: 'finished', call: '5.0' }]);
  });
});

/** Hears packets, each so many seconds after the first, and returns the phases. */
function hear(tracker: CallTracker, packets: readonly (readonly [seconds: number, packet: Record<string, string>])[]) {
  return packets.flatMap(([seconds, packet]) =>
    tracker.hear(packet, new Date(AT.getTime() + seconds * 1_000)).map(({ data }) => data),
  );
}

const begins = (id: string, Channel: string) => ({
  Event: 'Newchannel',
  Uniqueid: id,
  Linkedid: id,
  Channel,
  ChannelState: '4',
  Exten: '171',
});

describe('a tracker that hears of a conference', () => {
  const conference = { BridgeUniqueid: 'room', BridgeType: 'base', BridgeTechnology: 'softmix' };
  const goesUp = (Uniqueid: string) => ({ Event: 'Newstate', Uniqueid, ChannelState: '6' });

  it('keeps its calls apart, each with its own end, as Asterisk does', () => {
    const told = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, goesUp('5.0')],
      [0, { Event: 'BridgeEnter', Uniqueid: '5.0', ...conference }],
      [1, begins('6.0', 'PJSIP/101-1')],
      [1, goesUp('6.0')],
      [1, { Event: 'BridgeEnter', Uniqueid: '6.0', ...conference }],
      [5, hangUp('6.0')],
      [8, hangUp('5.0')],
    ]);
    expect(told.filter(({ phase }) => phase === 'finished')).toMatchObject([
      { call: '6.0', answered: true, answeredBy: 'dialplan', talking: 4, joined: null, cause: 16 },
      { call: '5.0', answered: true, answeredBy: 'dialplan', talking: 8, joined: null, cause: 16 },
    ]);
  });

  it('keeps them apart when it finds them', () => {
    const tracker = newTracker();
    const channels = [listed('5.0', '5.0', 'PJSIP/trunk-1'), listed('6.0', '6.0', 'PJSIP/101-1')];
    expect(tracker.recover(channels, { ...NOTHING, conferences: new Set(['b-1']) }, AT)).toEqual([]);
    const ends = ['6.0', '5.0'].flatMap((id) => tracker.hear(hangUp(id), AT)).map(({ data }) => data);
    expect(ends).toMatchObject([
      { phase: 'finished', call: '6.0' },
      { phase: 'finished', call: '5.0' },
    ]);
  });
});

describe('a tracker that hears of a call that no person took', () => {
  const dials = {
    Event: 'DialBegin',
    ...{ Uniqueid: '5.0', Linkedid: '5.0', Channel: 'PJSIP/trunk-1' },
    ...{ DestUniqueid: '5.1', DestLinkedid: '5.0', DestChannel: 'PJSIP/103-1', DestChannelState: '0' },
  };
  const sets = (Variable: string, Value: string) => ({ Event: 'VarSet', Uniqueid: '5.0', Variable, Value });
  const goesUp = { Event: 'Newstate', Uniqueid: '5.0', ChannelState: '6' };

  it.each([
    ['after Dial', [sets('DIALSTATUS', 'NOANSWER'), goesUp]],
    ['after Queue', [goesUp, sets('QUEUESTATUS', 'TIMEOUT')]],
  ])('takes the dialplan that goes on with it for the one that answered, from then on: %s', (_title, goesOn) => {
    const told = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, sets('DIALSTATUS', '')],
      [0, dials],
      [2, hangUp('5.1')],
      ...goesOn.map((packet) => [2, packet] as const),
      [7, hangUp('5.0')],
    ]);
    expect(told).toMatchObject([
      { phase: 'ringing', extension: '103' },
      { phase: 'answered', answeredBy: 'dialplan' },
      { phase: 'finished', answered: true, answeredBy: 'dialplan', ringing: 2, talking: 5 },
    ]);
  });

  it.each([
    ['the dialplan hangs up', [sets('QUEUESTATUS', 'TIMEOUT')]],
    ['the caller gives up while the queue waits to ring again', []],
  ])('has no answer when %s', (_title, goesOn) => {
    const told = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, goesUp],
      [0, dials],
      [2, hangUp('5.1')],
      ...goesOn.map((packet) => [7, packet] as const),
      [7.2, hangUp('5.0')],
    ]);
    expect(told.at(-1)).toMatchObject({ phase: 'finished', answered: false, answeredBy: null, talking: 0 });
  });
});
