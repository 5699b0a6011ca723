import { afterEach, describe, expect, it } from '@jest/globals';
import type { PbxOptions } from '@sluice/emulator';
import { openPlugin, until } from '@sluice/testing';
import { plugin } from '../src/plugin.js';
import { reaching, startExchange } from './ami-peer.js';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(exchange: Partial<PbxOptions>, config: object = {}) {
  const pbx = await startExchange(exchange);
  closing.push(() => pbx.close());
  const opened = await openPlugin(plugin, { ...reaching(pbx), ...config });
  closing.push(() => opened.close());
  const subscribe = (name: 'call' | 'event', options: object) => {
    const trigger = plugin.triggers[name];
    const ending = new AbortController();
    const subscription = trigger.subscribe(
      opened.client,
      trigger.options.parse(options) as never,
      async () => ({ id: 'x' }),
      ending.signal,
      'flow',
    );
    closing.push(async () => {
      ending.abort();
      await subscription.catch(() => undefined);
    });
    return subscription;
  };
  return { pbx, ...opened, subscribe };
}

const AMI_NO_EVENTS = {
  code: 'AMI_NO_EVENTS',
  fate: 'fatal',
  message: expect.stringContaining('has no read class call'),
  cure: expect.stringContaining('manager reload'),
};

/** Values of `read` that grant no class `call` in Asterisk 16.28 and 22 (`manager show user` lists the granted classes). */
const WITHOUT_CALL = ['system', '', 'none', 'system, call', 'CALL', '-1', 'dialplan,system', 'calls,system'];

describe('a user of manager.conf without the read class call', () => {
  it.each(WITHOUT_CALL)('makes the doctor report a problem with a cure: read = "%s"', async (read) => {
    const { client } = await open({ read });
    await expect(plugin.diagnose?.(client)).rejects.toMatchObject(AMI_NO_EVENTS);
    await expect(plugin.check?.(client)).resolves.toBeUndefined();
  });

  it.each(['call', 'call,system,dialplan', 'all', 'call, system', 'system,all'])(
    'is recognised by the granted classes: read = "%s"',
    async (read) => {
      const { client } = await open({ read });
      await expect(plugin.diagnose?.(client)).resolves.toMatch(/^can be used/);
    },
  );

  it('makes the trigger call reject with the reason', async () => {
    const { subscribe } = await open({ read: 'system,dialplan' });
    await expect(subscribe('call', {})).rejects.toMatchObject(AMI_NO_EVENTS);
  });

  it('makes dial reject before it rings anybody', async () => {
    const { pbx, actions } = await open({ read: 'system' });
    await expect(actions.dial({ number: '79161234567', context: 'debt' })).rejects.toMatchObject({
      ...AMI_NO_EVENTS,
      options: { sent: 'no' },
    });
    expect(pbx.stats().originated).toEqual([]);
  });

  it('leaves originate and hangup usable', async () => {
    const { pbx, actions } = await open({ read: '' });
    await actions.originate({ channel: 'PJSIP/101', context: 'internal', exten: '102' });
    expect(pbx.stats().originated).toHaveLength(1);
  });
});

describe('the trigger event', () => {
  it.each([
    [{ events: ['Hangup', 'DialEnd'] }, 'dialplan', 'call'],
    [{ events: ['VarSet'] }, 'call,system', 'dialplan'],
    [{ events: ['QueueCallerJoin', 'UserEvent'] }, 'call', 'agent or user'],
    [{ events: ['*'] }, '', 'call'],
  ])('rejects when Asterisk sends the user none of its events: %j, read = "%s"', async (options, read, missing) => {
    const { subscribe } = await open({ read });
    await expect(subscribe('event', options)).rejects.toMatchObject({
      ...AMI_NO_EVENTS,
      message: expect.stringContaining(`has no read class ${missing}`),
    });
  });

  it('warns once for each session', async () => {
    const { client, host } = await open({ read: 'call' });
    await client.requireEvents(['Hangup', 'VarSet']);
    await client.requireEvents(['Newchannel', 'VarSet']);
    expect(host.log.lines.filter(({ message }) => message.includes('has no read class dialplan'))).toHaveLength(1);
  });

  it('warns of the classes that are missing for some of its events', async () => {
    const { subscribe, host, pbx } = await open({ read: 'call' });
    void subscribe('event', { events: ['Hangup', 'VarSet'] });
    await until('the subscription', () => pbx.stats().actions['Events'] === 1, 5_000);
    expect(host.log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('has no read class dialplan') }),
    ]);
  });
});

describe('a user whose read classes are not known', () => {
  it.each([
    ['it may not ask for them', { denied: ['Getvar'], read: 'call' }, {}],
    ['it is not in manager.conf', { read: 'call', user: 'Пульт' }, { user: 'Пульт' }],
  ])('can listen, and the doctor reports that they cannot be verified: %s', async (_title, exchange, config) => {
    const { client, subscribe, pbx } = await open(exchange, config);
    await expect(plugin.diagnose?.(client)).resolves.toContain('cannot be verified');
    void subscribe('call', {});
    await until('the listing of channels', () => (pbx.stats().actions['CoreShowChannels'] ?? 0) > 1, 5_000);
  });
});

describe('a user without the right to list channels', () => {
  it('makes the doctor report the missing write class', async () => {
    const { client } = await open({ denied: ['CoreShowChannels'] });
    await expect(plugin.diagnose?.(client)).rejects.toMatchObject({
      code: 'AMI_DENIED',
      message: expect.stringContaining('write class system or reporting'),
    });
  });
});
