import { setTimeout as sleep } from 'node:timers/promises';
import { action, definePlugin, fail, isSluiceError, secret, SluiceError, trigger } from '@sluice/plugin-api';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { actionContract, type ActionPeer } from './action-contract.js';
import { openPlugin } from './open-plugin.js';
import { within } from './within.js';
import { triggerContract, type TriggerPeer } from './trigger-contract.js';

/** A post office in memory: the other side of a well-behaved plugin. */
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

/** Each breaks one promise; its waiver passes only because the suite notices. */
const withSend = (run: typeof send.run) => ({ ...plugin, actions: { send: { ...send, run } } });

const forgetful = withSend((client, input, call) => send.run(client, input, { ...call, id: 'another' }));
actionContract(forgetful, 'send', {
  peer: actionPeer,
  input: { text: 'привет' },
  waive: { 'sends the id of the call along': 'it sends another' },
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

/** Plugins that never do what a test waits for: each test has to end by itself, with an error. */
const withLetter = (subscribe: typeof letter.subscribe) => ({ ...plugin, triggers: { letter: { ...letter, subscribe } } });
const NO_EVENT = {
  'hands over what its output schema promises': 'it hands over nothing',
  'ends quietly when the signal fires': 'it hands over nothing',
  'ends when the source is lost': 'it hands over nothing',
  'acknowledges only what was accepted': 'it hands over nothing',
  'offers again, under the same id, what was not accepted': 'it hands over nothing',
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
    'hands over what its output schema promises': 'it goes on after its signal',
    'ends quietly when the signal fires': 'it goes on after its signal',
    'ends when the source is lost': 'it goes on after its signal',
    'acknowledges only what was accepted': 'it goes on after its signal',
    'offers again, under the same id, what was not accepted': 'it goes on after its signal',
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
    'gives what its output schema promises': 'it never ends',
    'stops waiting when the signal fires': 'it never ends',
    'says that the outcome is unknown when the connection is lost in the middle': 'it never ends',
    'says that nothing was sent when nobody is there': 'it never ends',
    'calls an overload an overload': 'it never ends',
    'leaves no connection behind when it is closed': 'it never ends',
    'sends the id of the call along': 'it never ends',
    'shows no secret in its errors and its log': 'it never ends',
  },
});

describe('the contracts', () => {
  it('name what did not come', async () => {
    await expect(within('peer.hang() did not resolve: no call came', new Promise(() => undefined), 10)).rejects.toThrow(
      'peer.hang() did not resolve: no call came (waited 0.01 s)',
    );
  });

  it('refuse a waiver that names no promise', () => {
    const misspelt = () => actionContract(plugin, 'send', { peer: actionPeer, input: { text: '' }, waive: { 'is fast': 'no' } });
    expect(misspelt).toThrow('"is fast" names no promise');
  });
});

describe('openPlugin', () => {
  it('refuses an input that does not fit, as the engine does', async () => {
    const opened = await openPlugin(plugin, openOffice().connection);
    await expect(opened.actions.send({ text: 1 as unknown as string })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
