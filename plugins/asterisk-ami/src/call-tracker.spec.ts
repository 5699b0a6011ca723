import { describe, expect, it } from '@jest/globals';
import { CallTracker } from './call-tracker.js';

const NOTHING = { dialled: new Map<string, string>(), holdingBridges: new Set<string>() };
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
