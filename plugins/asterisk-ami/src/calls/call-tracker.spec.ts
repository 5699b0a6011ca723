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
  it('joins calls whose channels share a bridge into the oldest', () => {
    const tracker = newTracker();
    const channels = [
      listed('6.0', '6.0', 'PJSIP/102-1', { Duration: '00:00:04' }),
      listed('5.0', '5.0', 'PJSIP/trunk-1', { CallerIDNum: '79161234567' }),
    ];
    const reported = tracker.recover(channels, NOTHING, AT);
    expect(reported.map(({ data }) => data)).toMatchObject([{ phase: 'finished', call: '6.0', joined: '5.0', recovered: true }]);
    const ends = ['6.0', '5.0'].flatMap((id) => tracker.hear(hangUp(id), AT)).map(({ data }) => data);
    expect(ends).toMatchObject([{ phase: 'finished', call: '5.0', answered: true, answeredBy: 'person', extension: '102' }]);
  });

  it('adds a channel with the Linkedid of a joined call to the call that it joined', () => {
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

/** Passes packets to a tracker, each some seconds after the first, and returns the phases. */
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

describe('a tracker that receives the events of a conference', () => {
  const conference = { BridgeUniqueid: 'room', BridgeType: 'base', BridgeTechnology: 'softmix' };
  const goesUp = (Uniqueid: string) => ({ Event: 'Newstate', Uniqueid, ChannelState: '6' });

  it('keeps its calls separate, each with its own end, as Asterisk does', () => {
    const reported = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, goesUp('5.0')],
      [0, { Event: 'BridgeEnter', Uniqueid: '5.0', ...conference }],
      [1, begins('6.0', 'PJSIP/101-1')],
      [1, goesUp('6.0')],
      [1, { Event: 'BridgeEnter', Uniqueid: '6.0', ...conference }],
      [5, hangUp('6.0')],
      [8, hangUp('5.0')],
    ]);
    expect(reported.filter(({ phase }) => phase === 'finished')).toMatchObject([
      { call: '6.0', answered: true, answeredBy: 'dialplan', talking: 4, joined: null, cause: 16 },
      { call: '5.0', answered: true, answeredBy: 'dialplan', talking: 8, joined: null, cause: 16 },
    ]);
  });

  it('keeps them separate when it finds them', () => {
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

describe('a tracker that receives the events of a call without an answer of a person', () => {
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
  ])('reports an answer of the dialplan from the moment at which it continues: %s', (_title, goesOn) => {
    const reported = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, sets('DIALSTATUS', '')],
      [0, dials],
      [2, hangUp('5.1')],
      ...goesOn.map((packet) => [2, packet] as const),
      [7, hangUp('5.0')],
    ]);
    expect(reported).toMatchObject([
      { phase: 'ringing', extension: '103' },
      { phase: 'answered', answeredBy: 'dialplan' },
      { phase: 'finished', answered: true, answeredBy: 'dialplan', ringing: 2, talking: 5 },
    ]);
  });

  it.each([
    ['the dialplan hangs up', [sets('QUEUESTATUS', 'TIMEOUT')]],
    ['the caller gives up while the queue waits to ring again', []],
  ])('reports no answer when %s', (_title, goesOn) => {
    const reported = hear(newTracker(), [
      [0, begins('5.0', 'PJSIP/trunk-1')],
      [0, goesUp],
      [0, dials],
      [2, hangUp('5.1')],
      ...goesOn.map((packet) => [7, packet] as const),
      [7.2, hangUp('5.0')],
    ]);
    expect(reported.at(-1)).toMatchObject({ phase: 'finished', answered: false, answeredBy: null, talking: 0 });
  });
});

describe('a tracker that receives the OriginateResponse of a failed call', () => {
  // order of a busy Asterisk 16.28: it publishes the response beside the events of channels, sometimes before Newchannel
  const response = {
    Event: 'OriginateResponse',
    Response: 'Failure',
    ActionID: 'x',
    Uniqueid: 'x',
    Channel: 'PJSIP/7916@trunk',
    Exten: 's',
  };
  const channel = { Uniqueid: 'x', Linkedid: 'x', Channel: 'PJSIP/trunk-1' };
  const course = [
    { Event: 'Newchannel', ...channel, ChannelState: '0' },
    {
      Event: 'DialBegin',
      ...{ DestUniqueid: 'x', DestLinkedid: 'x', DestChannel: 'PJSIP/trunk-1', DestChannelState: '0' },
      DestCallerIDNum: '7916',
    },
    { Event: 'Hangup', ...channel, Cause: '34' },
  ];

  it.each([0, 1, 2, 3])('finishes the call once, with its cause, when %d of its events came before', (before) => {
    const tracker = newTracker();
    const packets = [...course.slice(0, before), response, ...course.slice(before)];
    const phases = packets.flatMap((packet) => tracker.hear(packet, AT));
    phases.push(...tracker.conclude('all'));
    expect(phases.map(({ data }) => data)).toMatchObject([
      { phase: 'ringing', call: 'x' },
      { phase: 'finished', call: 'x', answered: false, cause: 34 },
    ]);
  });

  it('finishes a call that rings nobody once no channel can come any more', () => {
    const tracker = newTracker();
    expect(tracker.hear(response, AT)).toEqual([]);
    expect(tracker.isWaiting).toBe(true);
    expect(tracker.conclude('due')).toEqual([]);
    const phases = tracker.conclude('due');
    expect(phases).toMatchObject([
      { id: 'x/finished', data: { phase: 'finished', call: 'x', to: '7916', answered: false, cause: null } },
    ]);
    expect(tracker.isWaiting).toBe(false);
    expect(tracker.conclude('all')).toEqual([]);
  });

  it('learns the extension of a response that comes before the channel', () => {
    const tracker = newTracker();
    tracker.hear({ ...response, Response: 'Success', Exten: '7916' }, AT);
    const [begin, , end] = course.map((packet) => ({ ...packet, Channel: 'PJSIP/101-1' }));
    const phases = [begin, end].flatMap((packet) => tracker.hear(packet ?? {}, AT));
    expect(phases.map(({ data }) => data)).toMatchObject([{ phase: 'finished', to: '7916' }]);
  });
});
