import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { differences, type Seen } from './support/judge.js';
import { Stage, type Phase } from './support/stage.js';

const CLIENT = '79161234567';
const PERSON = '79161110000';
/** A number that answers at once and hangs up after three seconds. */
const BRIEF = '79162220001';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, START_TIMEOUT_MS);

afterAll(() => stage?.close(), START_TIMEOUT_MS);

/** Returns phase and extension of each event, in the order of arrival. */
const course = (phases: readonly Phase[]) => phases.map(({ phase, extension }) => `${phase} ${extension ?? '–'}`);

/** Sorts the phases, because the telephones of a group ring at the same time. */
const inOrderOfExtension = (phases: readonly string[]) => [
  ...phases.filter((phase) => phase.startsWith('ringing')).sort(),
  ...phases.filter((phase) => !phase.startsWith('ringing')),
];

const ends = ({ phases }: Seen) => phases.filter(({ phase }) => phase === 'finished');

describe('a call from outside', () => {
  it('reports an answered call with names, variables and recording', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, fromName: 'Иванов Пётр', to: '74951234567' }));
    expect(course(seen.phases)).toEqual(['ringing 101', 'answered 101', 'finished 101']);
    for (const phase of seen.phases)
      expect(phase).toMatchObject({
        direction: 'incoming',
        from: CLIENT,
        fromName: 'Иванов Пётр',
        to: '74951234567',
        recovered: false,
      });
    expect(ends(seen)[0]).toMatchObject({
      answered: true,
      answeredBy: 'person',
      ringing: 1,
      talking: 3,
      cause: 16,
      recording: expect.stringMatching(/^\/rec\/\d+\.\d+\.wav$/),
      variables: { CRM_ID: '42', NOTE: '7, "x" [y]\\z' },
    });
    expect(differences(seen)).toEqual([]);
  });

  it.each([
    ['nobody answers', '74951234503', '103', 16],
    ['the telephone is busy', '74951234504', '104', 17],
    ['the telephone declines', '74951234505', '105', 21],
  ])('reports an unanswered call when %s', async (_title, to, extension, cause) => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to }));
    expect(course(seen.phases)).toEqual([`ringing ${extension}`, `finished ${extension}`]);
    expect(ends(seen)[0]).toMatchObject({ direction: 'incoming', answered: false, answeredBy: null, talking: 0, cause, to });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a call that the dialplan rejects', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234598' }));
    expect(course(seen.phases)).toEqual(['finished –']);
    expect(ends(seen)[0]).toMatchObject({ direction: 'incoming', answered: false, cause: 21 });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a call that the caller ends before an answer', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234508', patience: 2 }));
    expect(course(seen.phases)).toEqual(['ringing 103', 'finished 103']);
    expect(ends(seen)[0]).toMatchObject({ direction: 'incoming', answered: false, from: CLIENT });
    expect(differences(seen)).toEqual([]);
  });

  it('reports an anonymous call without a number', async () => {
    const seen = await stage.play(() => stage.call({ from: '', to: '74951234502' }));
    expect(course(seen.phases)).toEqual(['ringing 102', 'answered 102', 'finished 102']);
    expect(ends(seen)[0]).toMatchObject({ direction: 'incoming', answered: true });
    expect(differences(seen)).toEqual([]);
  });
});

describe('a call of our own telephone', () => {
  it.each([
    ['answered', PERSON, ['ringing 101', 'answered 101', 'finished 101'], { answered: true, answeredBy: 'person', talking: 3 }],
    ['busy', '79161110001', ['ringing 101', 'finished 101'], { answered: false, cause: 17 }],
  ])('reports an outgoing call: %s', async (_title, to, phases, end) => {
    const seen = await stage.play(() => stage.call({ from: '101', to }));
    expect(course(seen.phases)).toEqual(phases);
    expect(ends(seen)[0]).toMatchObject({ direction: 'outgoing', from: '101', to, ...end });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a call to a colleague', async () => {
    const seen = await stage.play(() => stage.call({ from: '101', to: '102' }));
    expect(course(seen.phases)).toEqual(['ringing 102', 'answered 102', 'finished 102']);
    expect(ends(seen)[0]).toMatchObject({ direction: 'internal', from: '101', to: '102', answered: true });
    expect(differences(seen)).toEqual([]);
  });
});

describe('several telephones', () => {
  it.each([
    ['a group', '74951234560', ['ringing 101', 'ringing 103', 'answered 101', 'finished 101']],
    ['a group of Local channels', '74951234561', ['ringing 102', 'ringing 103', 'answered 102', 'finished 102']],
    ['a queue', '74951234565', ['ringing 101', 'ringing 103', 'answered 101', 'finished 101']],
    ['a queue of Local channels', '74951234566', ['ringing 102', 'answered 102', 'finished 102']],
    ['one after another', '74951234553', ['ringing 103', 'ringing 102', 'answered 102', 'finished 102']],
  ])('reports each ringing telephone once and the one that answers: %s', async (_title, to, phases) => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to, talk: 5 }));
    expect(inOrderOfExtension(course(seen.phases))).toEqual(inOrderOfExtension(phases));
    expect(ends(seen)[0]).toMatchObject({ direction: 'incoming', from: CLIENT, to, answered: true, answeredBy: 'person' });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a queue in which no person answers', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234591', talk: 4 }));
    expect(course(seen.phases)).toEqual(['ringing 103', 'finished 103']);
    expect(ends(seen)[0]).toMatchObject({ answered: false, answeredBy: null, talking: 0 });
    expect(differences(seen)).toEqual([]);
  });

  it('reports the telephone of a follow-me that accepts the call', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234568', talk: 16 }));
    expect(course(seen.phases)).toEqual(['ringing 103', 'ringing 107', 'answered 107', 'finished 107']);
    expect(ends(seen)[0]).toMatchObject({ answeredBy: 'person', direction: 'incoming' });
    expect(differences(seen, { recordsTellTalk: false })).toEqual([]);
  });

  it('reports no answer of a follow-me that picks up without accepting', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234569', talk: 9 }));
    expect(seen.phases.filter(({ phase, answeredBy }) => phase === 'answered' && answeredBy === 'person')).toEqual([]);
    expect(ends(seen)[0]).toMatchObject({ answeredBy: 'dialplan' });
    expect(differences(seen, { recordsTellTalk: false })).toEqual([]);
  });
});

describe('a menu', () => {
  it('reports a call that only the menu answers', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234551', talk: 10 }));
    expect(course(seen.phases)).toEqual(['answered –', 'finished –']);
    expect(ends(seen)[0]).toMatchObject({ answered: true, answeredBy: 'dialplan' });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a person who answers after the menu', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234552', talk: 6 }));
    expect(course(seen.phases)).toEqual(['ringing 101', 'answered 101', 'finished 101']);
    expect(ends(seen)[0]).toMatchObject({ answered: true, answeredBy: 'person' });
    expect(differences(seen)).toEqual([]);
  });
});

describe('a call that is passed on', () => {
  const TRANSFERRED = ['ringing 101', 'answered 101', 'transferred 101', 'ringing 102', 'answered 102', 'finished 102'];

  it('reports a blind transfer', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 7 });
      const Channel = await stage.talking('PJSIP/101-');
      await stage.reader.must({ Action: 'BlindTransfer', Channel, Context: 'internal', Exten: '102' });
    });
    expect(course(seen.phases)).toEqual(TRANSFERRED);
    expect(ends(seen)[0]).toMatchObject({ answered: true, transferredTo: '102', from: CLIENT, direction: 'incoming' });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a blind transfer that the telephone requests by REFER', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234506', talk: 8 }));
    expect(course(seen.phases)).toEqual(TRANSFERRED.map((one) => one.replace('101', '106')));
    expect(differences(seen)).toEqual([]);
  });

  it('reports an attended transfer', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 12 });
      const Channel = await stage.talking('PJSIP/101-');
      await stage.reader.must({ Action: 'Atxfer', Channel, Context: 'internal', Exten: '102' });
      await stage.talking('PJSIP/102-');
      await stage.reader.must({ Action: 'Hangup', Channel });
    });
    expect(seen.phases.filter(({ phase, extension }) => phase === 'answered' && extension === '102')).toHaveLength(1);
    expect(seen.phases.filter(({ phase }) => phase === 'transferred')).toMatchObject([
      { extension: '101', transferredTo: '102' },
    ]);
    expect(ends(seen)).toMatchObject([{ extension: '102', from: CLIENT, answered: true }]);
    expect(differences(seen)).toEqual([]);
  });

  it('reports no transfer when an attended transfer is cancelled', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 12 });
      const Channel = await stage.talking('PJSIP/101-');
      await stage.reader.must({ Action: 'Atxfer', Channel, Context: 'internal', Exten: '102' });
      await stage.talking('PJSIP/102-');
      await stage.reader.must({ Action: 'CancelAtxfer', Channel });
    });
    expect(seen.phases.filter(({ phase }) => phase === 'transferred')).toEqual([]);
    expect(ends(seen)).toMatchObject([{ extension: '101', from: CLIENT, answered: true, transferredTo: null }]);
    expect(differences(seen)).toEqual([]);
  });

  it('reports a redirect', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 6 });
      const channel = await stage.talking('PJSIP/trunk-');
      await stage.product.opened?.actions.redirect({ channel, context: 'internal', exten: '102' });
    });
    expect(course(seen.phases)).toEqual(['ringing 101', 'answered 101', 'ringing 102', 'answered 102', 'finished 102']);
    expect(differences(seen)).toEqual([]);
  });

  it('reports the telephone that picks up the call', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234508', talk: 4 });
      await stage.awaitEvent(
        ({ Event, Channel, ChannelStateDesc }) =>
          Event === 'Newstate' && ChannelStateDesc === 'Ringing' && Channel?.startsWith('PJSIP/103') === true,
      );
      await stage.call({ from: '102', to: '180', talk: 10 });
    });
    const client = ends(seen).find(({ from }) => from === CLIENT);
    expect(client).toMatchObject({
      answered: true,
      answeredBy: 'person',
      extension: '102',
      direction: 'incoming',
      to: '74951234508',
    });
    expect(course(seen.phases.filter(({ call }) => call === client?.call))).toEqual([
      'ringing 103',
      'answered 102',
      'finished 102',
    ]);
    expect(ends(seen).find(({ from }) => from === '102')).toMatchObject({ joined: client?.call });
    expect(ends(seen)).toHaveLength(2);
    expect(differences(seen)).toEqual([]);
  });

  it('reports a call that is parked and retrieved', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234590', talk: 8 });
      await stage.awaitEvent(({ Event }) => Event === 'ParkedCall');
      await stage.call({ from: '102', to: '701', talk: 20 });
    });
    const client = ends(seen).find(({ from }) => from === CLIENT);
    expect(course(seen.phases.filter(({ call }) => call === client?.call))).toEqual(['answered 102', 'finished 102']);
    expect(client).toMatchObject({ answered: true, answeredBy: 'person' });
    expect(ends(seen)).toHaveLength(2);
    expect(differences(seen)).toEqual([]);
  });

  it('reports a parked call that is not retrieved', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234590', talk: 5 });
      await stage.call({ from: '79167654321', to: '74951234590', talk: 5 });
    });
    expect(ends(seen)).toHaveLength(2);
    for (const end of ends(seen)) expect(end).toMatchObject({ answered: true, answeredBy: 'dialplan', extension: null });
    expect(differences(seen)).toEqual([]);
  });

  it('reports a call that is joined with another one', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 8 });
      const Channel1 = await stage.talking('PJSIP/trunk-');
      await stage.call({ from: '79167654321', to: '74951234502', talk: 8 });
      const Channel2 = await stage.talking('PJSIP/102-');
      await stage.reader.must({ Action: 'Bridge', Channel1, Channel2 });
    });
    const [first, second] = [CLIENT, '79167654321'].map((from) => ends(seen).filter((end) => end.from === from));
    expect(first).toMatchObject([{ answered: true, extension: '102' }]);
    expect(second).toMatchObject([{ answered: true, extension: '102' }]);
    expect(differences(seen)).toEqual([]);
  });
});

describe('a call that the product begins', () => {
  const originate = (input: object) => stage.product.opened?.actions.originate({ context: 'internal', ...input } as never);

  it.each([
    ['an extension', { channel: 'PJSIP/101' }],
    ['an extension behind a Local channel', { channel: 'Local/101@from-internal' }],
    ['an extension, with the number of the client shown', { channel: 'PJSIP/101', callerId: BRIEF }],
  ])('reports an outgoing call from %s', async (_title, input) => {
    const seen = await stage.play(() => originate({ exten: BRIEF, ...input }) ?? Promise.resolve());
    expect(course(seen.phases)).toEqual(['ringing 101', 'ringing 101', 'answered 101', 'finished 101']);
    for (const phase of seen.phases) expect(phase).toMatchObject({ direction: 'outgoing', from: '101', to: BRIEF });
    expect(ends(seen)).toMatchObject([{ answered: true, answeredBy: 'person' }]);
    expect(differences(seen, { beginning: 'clickToCall' })).toEqual([]);
  });

  it('reports no answer when the client does not answer', async () => {
    const seen = await stage.play(async () => {
      const begun = await originate({ channel: 'PJSIP/101', exten: '79161110002' });
      await stage.awaitEvent(
        ({ Event, Channel, ChannelStateDesc }) =>
          Event === 'Newstate' && ChannelStateDesc === 'Ringing' && Channel?.startsWith('PJSIP/trunk') === true,
      );
      await stage.product.opened?.actions.hangup({ channel: begun?.channelId ?? '' });
    });
    expect(course(seen.phases)).toEqual(['ringing 101', 'ringing 101', 'finished 101']);
    expect(ends(seen)).toMatchObject([{ direction: 'outgoing', from: '101', to: '79161110002', answered: false, talking: 0 }]);
    expect(differences(seen, { beginning: 'clickToCall' })).toEqual([]);
  });

  it('reports no answer when our own telephone does not answer', async () => {
    const seen = await stage.play(() => originate({ channel: 'PJSIP/103', exten: PERSON, ring: '2s' }) ?? Promise.resolve());
    expect(course(seen.phases)).toEqual(['ringing 103', 'finished 103']);
    expect(ends(seen)).toMatchObject([{ direction: 'outgoing', from: '103', to: PERSON, answered: false }]);
    expect(differences(seen, { beginning: 'clickToCall' })).toEqual([]);
  });

  it('reports a call to a colleague', async () => {
    const seen = await stage.play(async () => {
      const begun = await originate({ channel: 'PJSIP/101', exten: '102' });
      await stage.talking('PJSIP/102-');
      await stage.product.opened?.actions.hangup({ channel: begun?.channelId ?? '' });
    });
    expect(course(seen.phases)).toEqual(['ringing 101', 'ringing 102', 'answered 102', 'finished 102']);
    expect(ends(seen)).toMatchObject([{ direction: 'internal', from: '101', to: '102', answered: true }]);
    expect(differences(seen, { beginning: 'clickToCall' })).toEqual([]);
  });

  it.each(['PJSIP/999', 'XYZ/1'])('reports the end of a call to an unreachable channel: %s', async (channel) => {
    const before = stage.product.phases.length;
    const begun = await originate({ channel, exten: PERSON });
    const phases = () => stage.product.phases.slice(before);
    await until('the end', () => phases().length > 0);
    expect(phases()).toMatchObject([{ phase: 'finished', call: begun?.channelId, answered: false, cause: null }]);
  });
});

describe('dial', () => {
  const dial = (number: string, via: string, more: object = {}) =>
    stage.product.opened?.actions.dial({
      number,
      via,
      context: 'campaign',
      callerId: '74950000000',
      ring: '4s',
      ...more,
    });

  it.each(
    [
      ['answered', PERSON, { result: 'answered', seconds: 2, cause: 16 }],
      ['busy', '79161110001', { result: 'busy', cause: 17 }],
      ['silent', '79161110002', { result: 'noAnswer' }],
      ['congested', '79161110003', { result: 'congestion', cause: 34 }],
      ['unallocated', '79161110004', { result: 'unallocated', cause: 1 }],
    ].flatMap(([title, number, result]) =>
      ['Local/{number}@from-internal', 'PJSIP/{number}@trunk'].map((via) => [title, via, number, result] as const),
    ),
  )('tells a number that is %s, by %s', async (_title, via, number, result) => {
    let told: unknown;
    const seen = await stage.play(async () => (told = await dial(number as string, via)));
    expect(told).toMatchObject({ ...(result as object), attempts: 1 });
    const answered = (result as { result: string }).result === 'answered';
    expect(course(seen.phases)).toEqual(answered ? ['ringing –', 'answered –', 'finished –'] : ['ringing –', 'finished –']);
    for (const phase of seen.phases) expect(phase).toMatchObject({ direction: 'outgoing', from: '74950000000', to: number });
    expect(ends(seen)).toMatchObject([{ answered }]);
    expect(differences(seen, { beginning: 'campaign' })).toEqual([]);
  });

  it('connects a campaign call with a person', async () => {
    const seen = await stage.play(() => dial(BRIEF, 'PJSIP/{number}@trunk', { exten: 'p' }) ?? Promise.resolve());
    expect(course(seen.phases)).toEqual(['ringing –', 'answered –', 'ringing 102', 'answered 102', 'finished 102']);
    expect(ends(seen)).toMatchObject([{ direction: 'outgoing', to: BRIEF, answered: true }]);
    expect(differences(seen, { beginning: 'campaign' })).toEqual([]);
  });
});
