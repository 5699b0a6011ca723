import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { START_TIMEOUT_MS } from '../support/until.js';
import { differences, type Seen } from './support/judge.js';
import { SipPhone } from './support/sip-phone.js';
import { Stage, type Phase } from './support/stage.js';

const CLIENT = '79161234567';
/** A number that answers at once and hangs up after three seconds. */
const BRIEF = '79162220001';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, START_TIMEOUT_MS);

afterAll(() => stage?.close(), START_TIMEOUT_MS);

/** Returns phase and extension of each event, in the order of arrival. */
const course = (phases: readonly Phase[]) => phases.map(({ phase, extension }) => `${phase} ${extension ?? '–'}`);

const ofCaller = ({ phases }: Seen, from: string) => phases.filter((phase) => phase.from === from);

describe('an unavailable telephone', () => {
  it('reports the telephone that answers a forwarded call (302)', async () => {
    const seen = await stage.play(() => stage.call({ from: '101', to: '108', talk: 4 }));
    expect(course(seen.phases)).toEqual(['ringing 108', 'ringing 102', 'answered 102', 'finished 102']);
    expect(differences(seen)).toEqual([]);
  });

  it.each([
    ['the telephone', '109', ['ringing 109', 'finished 109']],
    ['the dialplan', '176', ['finished –']],
  ])('reports do-not-disturb set in %s', async (_title, to, phases) => {
    const seen = await stage.play(() => stage.call({ from: '101', to }));
    expect(course(seen.phases)).toEqual(phases);
    expect(differences(seen)).toEqual([]);
  });

  it.each(['174', '175'])('reports voicemail as an answer of the dialplan, not of a person: %s', async (to) => {
    const seen = await stage.play(() => stage.call({ from: '101', to, talk: 6 }));
    expect(differences(seen)).toEqual([]);
    expect(course(seen.phases)).toEqual(['ringing 103', 'answered –', 'finished 103']);
    expect(seen.phases.at(-1)).toMatchObject({ answered: true, answeredBy: 'dialplan' });
    expect(differences(seen)).toEqual([]);
  });
});

describe('a queue', () => {
  it('reports no answer when the queue times out and hangs up', async () => {
    const seen = await stage.play(() => stage.call({ from: '101', to: '177', talk: 6 }));
    expect(course(seen.phases)).toEqual(['ringing 103', 'finished 103']);
    expect(seen.phases.at(-1)).toMatchObject({ answered: false, answeredBy: null });
    expect(differences(seen)).toEqual([]);
  });
});

describe('more than two', () => {
  it('reports a conference', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234571', talk: 8 });
      await stage.talking('PJSIP/trunk-');
      await stage.call({ from: '101', to: '171', talk: 4 });
      await stage.talking('PJSIP/101-');
      await stage.call({ from: '102', to: '171', talk: 2 });
    });
    for (const from of [CLIENT, '101', '102']) expect(course(ofCaller(seen, from)).slice(0, 1)).toEqual(['answered –']);
    // call records contain only some of the pairs of members of a conference
    expect(differences(seen, { recordsTellTalk: false })).toEqual([]);
  });

  it('does not report a whispering supervisor as a party of the call', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 6 });
      await stage.talking('PJSIP/101-');
      await stage.call({ from: '102', to: '172', talk: 3 });
    });
    expect(course(ofCaller(seen, CLIENT))).toEqual(['ringing 101', 'answered 101', 'finished 101']);
    expect(course(ofCaller(seen, '102'))).toEqual(['answered –', 'finished –']);
    expect(differences(seen)).toEqual([]);
  });

  it('reports an answer after music on hold', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234573', talk: 6 }));
    expect(course(seen.phases)).toEqual(['ringing 102', 'answered 102', 'finished 102']);
    expect(differences(seen)).toEqual([]);
  });
});

describe('a telephone that speaks SIP itself', () => {
  it('reports a transfer by REFER with Replaces', async () => {
    const phone = await SipPhone.open('110', 25080);
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234510', talk: 7 });
      await stage.talking('PJSIP/110-');
      const talking = stage.talking('PJSIP/102-');
      const other = await phone.call('102');
      await talking;
      await phone.transfer(other);
    });
    phone.close();
    expect(differences(seen)).toEqual([]);
    expect(course(ofCaller(seen, CLIENT))).toEqual(['ringing 110', 'answered 110', 'transferred 110', 'finished 102']);
    expect(course(ofCaller(seen, '110'))).toEqual(['ringing 102', 'answered 102', 'finished 102']);
    expect(ofCaller(seen, CLIENT).at(-1)).toMatchObject({ transferredTo: '102', answered: true });
  });
});

describe('a call that another program orders', () => {
  const order = (Channel: string, more: object) =>
    stage.reader.must({ Action: 'Originate', Channel, Context: 'internal', Priority: 1, Async: 'true', ...more });

  it('reports an originated call from our own telephone as outgoing', async () => {
    const seen = await stage.play(() => order('PJSIP/101', { Exten: BRIEF }));
    expect(course(seen.phases)).toEqual(['ringing 101', 'ringing 101', 'answered 101', 'finished 101']);
    expect(seen.phases.at(-1)).toMatchObject({ direction: 'outgoing', from: '101', to: BRIEF, answered: true });
    expect(differences(seen, { beginning: 'clickToCall' })).toEqual([]);
  });

  it('reports a callback to a client that enters a queue', async () => {
    const seen = await stage.play(() => order(`Local/${BRIEF}@from-internal`, { Exten: '165', CallerID: '74950000000' }));
    const rung = ['ringing 101', 'ringing 103'];
    expect(course(seen.phases)).toEqual(['ringing –', 'answered –', ...rung, 'answered 101', 'finished 101']);
    expect(seen.phases.at(-1)).toMatchObject({ direction: 'outgoing', from: '74950000000', to: BRIEF });
    expect(differences(seen, { beginning: 'campaign' })).toEqual([]);
  });
});
