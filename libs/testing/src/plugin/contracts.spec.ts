import { setTimeout as sleep } from 'node:timers/promises';
import { action, definePlugin, fail, isSluiceError, secret, SluiceError, trigger } from '@sluice/plugin-api';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { actionContract, type ActionPeer } from './action-contract.js';
import { openPlugin } from './open-plugin.js';
import { within } from './within.js';
import { triggerContract, type TriggerPeer } from './trigger-contract.js';

/** A post office in memory: the remote system of a well-behaved plugin. */
class Office {
  letters: string[] = [];
  readonly ids: string[] = [];
  forgotten = 0;
  clients = 0;
  trouble: 'hang' | 'lose' | 'overload' | 'closed' | undefined;
  taken = 0;
}

const offices = new Map<string, Office>();

class Client {
  readonly office: Office;
  constructor(
    name: string,
    readonly key: string,
  ) {
    this.office = offices.get(name) ?? new Office();
    this.office.clients++;
  }
  async close(): Promise<void> {
    this.office.clients = 0;
  }
}

const send = action({
  title: 'Send a letter',
  input: z.strictObject({ text: z.string() }),
  output: z.object({ length: z.number() }),
  idempotent: 'by-key',
  async run({ office }: Client, input, call) {
    const trouble = office.trouble;
    if (trouble !== 'closed') office.trouble = undefined;
    office.taken++;
    office.ids.push(call.id);
    if (trouble === 'closed') throw fail.UNREACHABLE('the office is closed', { sent: 'no' });
    if (trouble === 'lose') throw fail.TIMED_OUT('the line was cut', { sent: 'unknown' });
    if (trouble === 'overload') throw fail.OVERLOADED('the office is full', { sent: 'no' });
    if (trouble === 'hang') {
      await sleep(60_000, undefined, { signal: call.signal }).catch(() => {
        throw fail.TIMED_OUT('given up', { sent: 'unknown' });
      });
    }
    return { length: input.text.length };
  },
});

const letter = trigger({
  title: 'A letter has come',
  options: z.strictObject({ box: z.string() }),
  output: z.object({ text: z.string() }),
  source: 'polled',
  async subscribe({ office }: Client, _options, accept, signal) {
    while (!signal.aborted) {
      if (office.trouble === 'lose') throw new Error('the line was cut');
      const [text] = office.letters;
      if (text !== undefined) {
        await accept({ id: text, data: { text } });
        office.letters.shift();
        office.forgotten++;
      }
      await sleep(1);
    }
  },
});

const plugin = definePlugin({
  name: 'post',
  api: '^1',
  connection: z.strictObject({ office: z.string(), key: secret() }),
  open: async (config) => new Client(config.office, config.key),
  triggers: { letter },
  actions: { send },
});

let count = 0;
function openOffice(): { office: Office; connection: { office: string; key: string } } {
  const name = `office-${++count}`;
  const office = new Office();
  offices.set(name, office);
  return { office, connection: { office: name, key: 'the-secret-key' } };
}

const actionPeer = async (): Promise<ActionPeer> => {
  const { office, connection } = openOffice();
  return {
    connection,
    hang: async () => {
      office.trouble = 'hang';
      while (office.taken === 0) await sleep(1);
    },
    lose: () => void (office.trouble = 'lose'),
    overload: () => void (office.trouble = 'overload'),
    ids: () => office.ids,
    connections: () => office.clients,
    close: async () => void (office.trouble = 'closed'),
  };
};

const triggerPeer = async (): Promise<TriggerPeer> => {
  const { office, connection } = openOffice();
  return {
    connection,
    produce: () => void office.letters.push('привет'),
    acknowledged: () => office.forgotten,
    lose: () => void (office.trouble = 'lose'),
    close: async () => undefined,
  };
};

actionContract(plugin, 'send', { peer: actionPeer, input: { text: 'привет' } });
triggerContract(plugin, 'letter', { peer: triggerPeer, options: { box: 'main' } });

/** Each of the plugins below breaks one promise. Its waiver passes only because the suite detects that. */
const withSend = (run: typeof send.run) => ({ ...plugin, actions: { send: { ...send, run } } });

const forgetful = withSend((client, input, call) => send.run(client, input, { ...call, id: 'another' }));
actionContract(forgetful, 'send', {
  peer: actionPeer,
  input: { text: 'привет' },
  waive: { 'sends the id of the call': 'it sends another id' },
});

const talkative = withSend(async (client, input, call) => {
  try {
    return await send.run(client, input, call);
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    throw new SluiceError(error.code, error.fate, `${error.message}, the key was ${client.key}`, error.cure, error.options);
  }
});
actionContract(talkative, 'send', {
  peer: actionPeer,
  input: { text: 'привет' },
  waive: { 'shows no secret in its errors and its log': 'it shows the key' },
});

/** Plugins that never do the step for which a test waits: each test has to end with an error instead of waiting forever. */
const withLetter = (subscribe: typeof letter.subscribe) => ({ ...plugin, triggers: { letter: { ...letter, subscribe } } });
const NO_EVENT = {
  'passes events that match its schema': 'it passes no event',
  'ends without an error when the signal fires': 'it passes no event',
  'ends when the source is lost': 'it passes no event',
  'acknowledges only accepted events': 'it passes no event',
  'offers an event that was not accepted again, under the same id': 'it passes no event',
};

const deaf = withLetter(async () => Promise.reject(new Error('the fake does not answer')));
triggerContract(deaf, 'letter', { peer: triggerPeer, options: { box: 'main' }, waitMs: 200, waive: NO_EVENT });

const stubborn = withLetter(async ({ office }, _options, accept) => {
  const [text = ''] = office.letters;
  await accept({ id: text, data: { text } });
  office.forgotten++;
  return new Promise(() => undefined);
});
triggerContract(stubborn, 'letter', {
  peer: triggerPeer,
  options: { box: 'main' },
  waitMs: 200,
  waive: {
    'passes events that match its schema': 'it continues after its signal',
    'ends without an error when the signal fires': 'it continues after its signal',
    'ends when the source is lost': 'it continues after its signal',
    'acknowledges only accepted events': 'it continues after its signal',
    'offers an event that was not accepted again, under the same id': 'it continues after its signal',
  },
});

const asleep = withSend(async ({ office }) => {
  office.taken++;
  return new Promise(() => undefined);
});
actionContract(asleep, 'send', {
  peer: actionPeer,
  input: { text: 'привет' },
  waitMs: 500,
  waive: {
    'returns output that matches its schema': 'it never ends',
    'stops waiting when the signal fires': 'it never ends',
    'reports sent: unknown when the connection is lost during the call': 'it never ends',
    'reports sent: no when the remote system is not reachable': 'it never ends',
    'reports an overload with the fate overload': 'it never ends',
    'closes its connections': 'it never ends',
    'sends the id of the call': 'it never ends',
    'shows no secret in its errors and its log': 'it never ends',
  },
});

describe('actionContract', () => {
  it('names the missing step in the error', async () => {
    await expect(within('peer.hang() did not resolve: no call came', new Promise(() => undefined), 10)).rejects.toThrow(
      'peer.hang() did not resolve: no call came (waited 0.01 s)',
    );
  });

  it('refuses a waiver whose title is not a promise', () => {
    const misspelt = () => actionContract(plugin, 'send', { peer: actionPeer, input: { text: '' }, waive: { 'is fast': 'no' } });
    expect(misspelt).toThrow('"is fast" is not a promise');
  });
});

describe('openPlugin', () => {
  it('refuses an input that does not match the schema, as the engine does', async () => {
    const opened = await openPlugin(plugin, openOffice().connection);
    await expect(opened.actions.send({ text: 1 as unknown as string })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
