import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { plugin } from '@sluice/plugin-asterisk-ami';
import { READ_CLASSES, WRITE_CLASSES } from '../../plugins/asterisk-ami/src/ami/rights.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { Asterisk, PORTS, Reader } from './support/asterisk.js';
import { callsIn, differences } from './support/judge.js';
import { openProduct, Product, Stage } from './support/stage.js';

const CLIENT = '79161234567';
const PERSON = '79161110000';
const BURST = 200;
/** The README promises 2 s. On a busy machine timestamps of Asterisk itself were up to 1.67 s late in a burst. */
const BURST_STAMPING_MS = 2_000;
/** Numbers of a burst: telephones that answer, are busy or decline. */
const TARGETS = ['74951234567', '74951234502', '74951234502', '74951234504', '74951234505'];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, START_TIMEOUT_MS);

afterAll(() => stage?.close(), START_TIMEOUT_MS);

describe('many calls', () => {
  it(`reports each of ${BURST} calls in a burst once, as in the call records`, async () => {
    const seen = await stage.play(async () => {
      const begun = (count: number) => () => callsIn(stage.reader.events.slice(before)).length >= count;
      const before = stage.reader.events.length;
      for (let at = 0; at < BURST; at++)
        await stage.call({ from: `7916${1_000_000 + at}`, to: TARGETS[at % TARGETS.length] ?? '', talk: 2 });
      await until('all calls to begin', begun(BURST));
    });
    expect(callsIn(seen.events)).toHaveLength(BURST);
    const count = (phase: string) => seen.phases.filter((one) => one.phase === phase).length;
    const dialled = seen.events.filter(
      ({ Event, DestChannel }) => Event === 'DialBegin' && DestChannel?.startsWith('PJSIP/'),
    ).length;
    const answered = seen.events.filter(({ Event, DialStatus }) => Event === 'DialEnd' && DialStatus === 'ANSWER').length;
    expect([count('ringing'), count('answered'), count('finished')]).toEqual([dialled, answered, BURST]);
    expect(new Set(seen.phases.map(({ from }) => from)).size).toBe(BURST);
    expect(differences(seen, { stampingMs: BURST_STAMPING_MS })).toEqual([]);
  });
});

describe('a restart in the middle of calls', () => {
  const finished = () => stage.product.phases.filter(({ phase }) => phase === 'finished');

  it('of the connector: reports an answered call without unobserved seconds', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234502', talk: 6 });
      await stage.talking('PJSIP/trunk-');
      await stage.product.close();
      stage.product = new Product(stage.product.phases, stage.product.times);
      await stage.product.open();
    });
    expect(seen.phases.at(-1)).toMatchObject({
      phase: 'finished',
      direction: 'incoming',
      from: CLIENT,
      to: '74951234502',
      extension: '102',
      answered: true,
      answeredBy: 'person',
      ringing: null,
      talking: null,
      cause: 16,
      recovered: true,
    });
    expect(differences(seen, { isPartlySeen: true })).toEqual([]);
  });

  it('of the connector: reports the answer of a call that rang during the restart', async () => {
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234553', talk: 4 });
      await stage.awaitEvent(({ Event }) => Event === 'DialBegin');
      await stage.product.close();
      stage.product = new Product(stage.product.phases, stage.product.times);
      await stage.product.open();
    });
    expect(seen.phases.at(-1)).toMatchObject({
      direction: 'incoming',
      from: CLIENT,
      extension: '102',
      answered: true,
      recovered: true,
    });
    expect(seen.phases.at(-1)?.talking).not.toBeNull();
    expect(differences(seen, { isPartlySeen: true })).toEqual([]);
  });

  it('of the connector: reports no unobserved answer of a click-to-call', async () => {
    const seen = await stage.play(async () => {
      const begun = await stage.product.opened?.actions.originate({
        channel: 'PJSIP/101',
        context: 'internal',
        exten: '79161110002',
      });
      await stage.awaitEvent(
        ({ Event, DestChannel }) => Event === 'DialBegin' && DestChannel?.startsWith('PJSIP/trunk') === true,
      );
      await stage.product.close();
      stage.product = new Product(stage.product.phases, stage.product.times);
      await stage.product.open();
      await stage.product.opened?.actions.hangup({ channel: begun?.channelId ?? '' });
    });
    expect(seen.phases.at(-1)).toMatchObject({
      phase: 'finished',
      from: '101',
      to: '79161110002',
      direction: 'outgoing',
      recovered: true,
    });
    expect(seen.phases.at(-1)?.answered).not.toBe(true);
  });

  it('of Asterisk: reports its calls as finished without a cause, and reports the next call correctly', async () => {
    const before = finished().length;
    await stage.call({ from: CLIENT, to: '74951234567', talk: 60 });
    await stage.call({ from: '79167654321', to: '74951234508', talk: 60 });
    await stage.talking('PJSIP/trunk-');
    await stage.exchange.end('SIGKILL');
    await stage.worldReader.act({ Action: 'Hangup', Channel: '/.*/' });
    stage.exchange = await Asterisk.start('exchange');
    stage.reader = await Reader.open(PORTS.exchange);
    await stage.product.open();
    await until('the end of both calls', () => finished().length === before + 2);
    for (const end of finished().slice(before))
      expect(end).toMatchObject({ cause: null, recovered: true, direction: 'incoming' });
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234502', talk: 2 }));
    expect(seen.phases.at(-1)).toMatchObject({ phase: 'finished', answered: true, extension: '102', recovered: false });
    expect(differences(seen)).toEqual([]);
  });
});

describe('actions of the connector', () => {
  it('exist in Asterisk with the write classes of the README', async () => {
    const { text } = await stage.reader.act({ Action: 'ListCommands' });
    for (const [action, classes] of Object.entries(WRITE_CLASSES)) {
      const listed = new RegExp(`^${action}: .*\\(Priv: (.*)\\)`, 'm').exec(text)?.[1];
      expect([action, listed]).toEqual([action, classes.length === 0 ? '<none>' : `${classes.join(',')},all`]);
    }
  });

  it.each([
    ['Events', ['EventMask']],
    ['Filter', ['Operation', 'Filter']],
    ['Login', ['Username']],
    [
      'Originate',
      [
        'Channel',
        'Context',
        'Exten',
        'Priority',
        'Application',
        'Data',
        'Timeout',
        'CallerID',
        'Variable',
        'Account',
        'Async',
        'ChannelId',
      ],
    ],
    ['Redirect', ['Channel', 'ExtraChannel', 'Context', 'ExtraContext', 'Exten', 'ExtraExten', 'Priority', 'ExtraPriority']],
    ['Hangup', ['Channel', 'Cause']],
    ['Setvar', ['Channel', 'Variable', 'Value']],
    ['Getvar', ['Channel', 'Variable']],
    ['Command', ['Command']],
    ['DBPut', ['Family', 'Key', 'Val']],
    ['DBGet', ['Family', 'Key']],
    ['DBDel', ['Family', 'Key']],
    ['DBDelTree', ['Family']],
  ])('have only headers that Asterisk describes: %s', async (action, headers) => {
    const { text } = await stage.reader.act({ Action: 'Command', Command: `manager show command ${action}` });
    for (const header of headers) expect(text).toMatch(new RegExp(`\\b${header}\\b`, 'i'));
  });

  it('set filters that Asterisk applies to the name of the event', async () => {
    const opened = await openProduct('sluice');
    const heard: string[] = [];
    const end = new AbortController();
    const { event } = plugin.triggers;
    const options = event.options.parse({ events: ['*'], match: { Event: 'Dial*' } });
    const accept = async ({ data }: { readonly data: unknown }) => {
      heard.push(String((data as Record<string, unknown>)['Event']));
      return { id: '' };
    };
    void event.subscribe(opened.client, options, accept, end.signal, 'dials').catch(() => undefined);
    // the subscription has asked for all that it needs when these are answered
    for (let at = 0; at < 5; at++) await opened.client.ask({ Action: 'Ping' });
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234504' }));
    const expected = seen.events.map(({ Event }) => Event ?? '').filter((name) => name.startsWith('Dial'));
    await until('the events', () => heard.length >= expected.length);
    expect(heard).toEqual(expected);
    end.abort();
    await opened.close();
  });

  it('report why a command failed', async () => {
    await expect(stage.product.opened?.actions.command({ command: 'core show hi' })).rejects.toMatchObject({
      code: 'AMI_REFUSED',
      message: expect.stringContaining("No such command 'core show hi'"),
    });
  });

  it.each(['deaf', 'unreadable', 'spaced'])('report the missing read class of a user: %s', async (user) => {
    const opened = await openProduct(user);
    const missing = { code: 'AMI_NO_EVENTS', message: expect.stringContaining('has no read class call') };
    await expect(plugin.diagnose?.(opened.client)).rejects.toMatchObject(missing);
    const { call } = plugin.triggers;
    const never = () => Promise.resolve({ id: '' });
    const subscription = call.subscribe(opened.client, call.options.parse({}), never, new AbortController().signal, 'calls');
    await expect(subscription).rejects.toMatchObject(missing);
    await expect(opened.actions.dial({ number: PERSON, context: 'campaign' })).rejects.toMatchObject(missing);
    await opened.close();
  });

  it.each([
    ['sluice', 'can be used'],
    ['inherited', 'can be used; "inherited" has no read class system'],
    ['blind', 'can be used; the read classes of "blind" cannot be verified: '],
  ])('report the read classes of a user: %s', async (user, expected) => {
    const opened = await openProduct(user);
    expect((await plugin.diagnose?.(opened.client))?.slice(0, expected.length)).toBe(expected);
    await opened.close();
  });

  it('expect the read class of each event that Asterisk writes into it', async () => {
    const seen = await stage.play(() => stage.call({ from: CLIENT, to: '74951234565', talk: 3 }));
    const classes = seen.events.flatMap(({ Event = '', Privilege = '' }) =>
      READ_CLASSES.has(Event) ? [`${Event}: ${Privilege}`] : [],
    );
    expect(new Set(classes).size).toBeGreaterThan(10);
    for (const one of classes) expect(one).toBe(`${one.split(':')[0]}: ${READ_CLASSES.get(one.split(':')[0] ?? '')},all`);
  });

  it('work for the user of the README, and report the class that another user lacks', async () => {
    const narrow = await openProduct('narrow');
    await narrow.client.list({ Action: 'CoreShowChannels' });
    await narrow.close();
    const listless = await openProduct('listless');
    const options = plugin.triggers.call.options.parse({});
    const never = () => Promise.resolve({ id: '' });
    await expect(
      plugin.triggers.call.subscribe(listless.client, options, never, new AbortController().signal, 'calls'),
    ).rejects.toMatchObject({ code: 'AMI_DENIED', message: expect.stringContaining('write class system or reporting') });
    await listless.close();
  });
});
