import { describe, expect, it } from '@jest/globals';
import {
  action,
  definePlugin,
  engineFail,
  trigger,
  type Accept,
  type AnyPlugin,
  type Bearer,
  type Host,
} from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { z } from 'zod';
import { testEngines, startTestEngine } from './engine-harness.js';

const { start } = testEngines();

const FLOW = `sluice: 1
flow: ask
trigger: { use: desk.asked, connection: desks }
steps:
  - { id: answer, reply: { data: '\${{ trigger.data }}' } }
`;
const SETTINGS = '  desks:\n    use: desk\n';

const bearer: Bearer = {
  user: 'erp/Иванов',
  issuer: 'erp',
  sub: 'Иванов',
  scopes: ['events:write'],
  events: ['order.*'],
  topics: [],
  groups: [],
  expiresAt: Number.POSITIVE_INFINITY,
};

/** A plugin that clients connect to. It keeps the services that it received. */
function deskPlugin(refusal?: Error) {
  const hosts: Host[] = [];
  const tokens: Buffer[] = [];
  const flows = new Map<string, Accept>();
  const plugin: AnyPlugin = definePlugin({
    name: 'desk',
    api: '^1',
    serves: true,
    connection: z.strictObject({}).default({}),
    open: async (_config, host) => {
      if (refusal) throw refusal;
      hosts.push(host);
      return { close: async () => undefined };
    },
    triggers: {
      asked: trigger({
        title: 'Somebody asks',
        options: z.strictObject({}),
        output: z.unknown(),
        async subscribe(_client: object, _options, accept, signal, name) {
          flows.set(name, accept);
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        },
      }),
    },
    actions: {
      question: action({
        title: 'Asks a person',
        input: z.strictObject({}),
        output: z.unknown(),
        idempotent: 'by-key',
        async run(_client: object, _input, call) {
          if (call.suspend) tokens.push(call.suspend());
          return null;
        },
      }),
    },
  });
  return { plugin, hosts, tokens, flows };
}

const QUESTION = (timeout: string) => `sluice: 1
flow: confirm
trigger: { use: event, with: { types: [confirm.asked] } }
steps:
  - { id: asked, use: desk.question, connection: desks, timeout: ${timeout}, onError: [{ output: { answer: none } }] }
  - { id: told, emit: { type: told, data: '\${{ { "answer": steps.asked.answer, "of": trigger.data } }}' } }
`;

async function startDesk(
  shared: { readonly broker?: MemoryBroker; readonly database?: MemoryDatabase; readonly flows?: string } = {},
) {
  const desk = deskPlugin();
  const machine = await start({ flows: FLOW, settings: SETTINGS, plugin: desk.plugin, ...shared });
  const [host] = desk.hosts;
  if (!host) throw new Error('the connection was not opened');
  return { ...desk, machine, services: host.services };
}

describe('a plugin that clients connect to', () => {
  it('is opened at the start, although no step has called it', async () => {
    const { hosts } = await startDesk();
    expect(hosts.map((host) => host.connection)).toEqual(['desks']);
  });

  it('ends the start of the host when it is wrongly configured', async () => {
    const { plugin } = deskPlugin(engineFail.CONFIG_INVALID('port 61613 is in use'));
    await expect(startTestEngine({ flows: FLOW, settings: SETTINGS, plugin })).rejects.toMatchObject({
      message: 'port 61613 is in use',
    });
  });

  it('calls a flow by its name and receives the reply', async () => {
    const { flows } = await startDesk();
    await until('the flow to be open', () => flows.has('ask'));
    const accepted = await flows.get('ask')?.({ data: { sku: 'A-1' } }, { reply: { withinMs: 5_000 } });
    expect(await accepted?.reply).toMatchObject({ status: 200, data: { sku: 'A-1' } });
  });

  it('publishes under its own name, and for a bearer only types that the token allows', async () => {
    const { services, machine } = await startDesk();
    await services.publish({ type: 'user.connected', data: 1 });
    await services.publish({ type: 'order.created', data: 2 }, bearer);
    await expect(services.publish({ type: 'user.connected', data: 3 }, bearer)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(services.publish({ type: 'order.created', data: 4 }, { ...bearer, scopes: ['desktop'] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await until('both events', () => machine.emitted.length === 2);
    expect(machine.emitted.map(({ type, data }) => [type, data])).toEqual([
      ['user.connected', 1],
      ['order.created', 2],
    ]);
  });

  it('receives broadcasts of other hosts and not its own', async () => {
    const broker = new MemoryBroker();
    const [here, there] = [await startDesk({ broker }), await startDesk({ broker })];
    const heard: string[] = [];
    here.services.peers.listen('hints', (body, from) => heard.push(`${body.toString()} from ${from}`));
    here.services.peers.broadcast('hints', Buffer.from('mine'));
    there.services.peers.broadcast('other', Buffer.from('not asked for'));
    there.services.peers.broadcast('hints', Buffer.from('hello'));
    await until('the word', () => heard.length > 0);
    expect(heard).toEqual([`hello from ${there.services.peers.id}`]);
  });

  it('does the work of a lease on one host, and on another when that host ends', async () => {
    const database = new MemoryDatabase();
    const [here, there] = [await startDesk({ database }), await startDesk({ database })];
    const working: string[] = [];
    const stop = new AbortController();
    const work = (name: string) => async (signal: AbortSignal) => {
      working.push(name);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    };
    const first = here.services.lease('presence', stop.signal, work('here'));
    await until('the first to work', () => working.length === 1);
    const ending = new AbortController();
    const second = there.services.lease('presence', ending.signal, work('there'));
    stop.abort();
    await first;
    await until('the second to work', () => working.length === 2);
    ending.abort();
    await second;
    expect(working).toEqual(['here', 'there']);
  });
});

describe('a call that suspends its step', () => {
  const asked = async (timeout: string) => {
    const desk = await startDesk({ flows: QUESTION(timeout) });
    await desk.machine.publish('confirm.asked', 'order 7');
    await until('the question', () => desk.tokens.length === 1);
    const told = () => desk.machine.emitted.filter(({ type }) => type === 'told').map(({ data }) => data);
    return { ...desk, token: desk.tokens[0] as Buffer, told };
  };

  it('holds no message, and the run continues with the output of resume', async () => {
    const { machine, services, token, told } = await asked('1h');
    await until('the message to be settled', async () => {
      const [status] = await machine.bus.status(['flow.confirm']);
      return status?.waiting === 0 && (status.held ?? 0) === 0;
    });
    expect(told()).toEqual([]);
    await services.resume(token, { answer: 'yes' });
    await machine.ended('done');
    await until('the event', () => told().length === 1);
    expect(told()).toEqual([{ answer: 'yes', of: 'order 7' }]);
  });

  it('ends with its timeout, and a later resume is ignored', async () => {
    const { machine, services, token, told } = await asked('100ms');
    await machine.ended('done');
    await until('the event', () => told().length === 1);
    await services.resume(token, { answer: 'too late' });
    await until('the answer to be dropped', async () => {
      const [status] = await machine.bus.status(['flow.confirm.next']);
      return status?.waiting === 0 && (status.held ?? 0) === 0;
    });
    expect(told()).toEqual([{ answer: 'none', of: 'order 7' }]);
  });
});
