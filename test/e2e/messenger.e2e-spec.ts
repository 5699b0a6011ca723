import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMessenger, type Messenger } from '@sluice/emulator';
import { ask, post } from '../support/api.js';
import { startHost, type HostProcess } from '../support/host.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
connections:
  desktops: { use: tcp-gateway }
  talks: { use: conversations }
  messenger: { use: http, with: { baseUrl: '\${{ env.MESSENGER_URL }}' } }
`;
const FLOWS = readFileSync('plugins/conversations/examples/messenger.yaml', 'utf8');
const SECRET = 'secret-of-the-webhook';
const CHAT = 77;

interface Message {
  readonly seq: number;
  readonly text: string;
}

describe('the sample flows of a messenger', () => {
  let messenger: Messenger;
  let host: HostProcess;
  let token: string;
  let discussion: string;
  const folders: Folder[] = [];

  beforeAll(async () => {
    messenger = await startMessenger({ port: 0, repeatMs: 50 });
    const workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE, 'flows/messenger.yaml': FLOWS });
    const home = makeFolder('home');
    folders.push(workspace, home);
    const env = { MESSENGER_URL: messenger.api, MESSENGER_SECRET: SECRET };
    host = await startHost({ workspace: workspace.path, home: home.path, env });
    token = await signToken({ sub: 'anna', scope: 'conversations' });
    await call('setWebhook', { url: `${host.url}/in/messenger`, secret_token: SECRET });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await host?.dispose();
    await messenger?.close();
    for (const folder of folders) folder.remove();
  }, START_TIMEOUT_MS);

  /** Calls a method of the Bot API. */
  const call = (method: string, parameters: object) => post(`${messenger.api}/${method}`, parameters);
  const url = (path: string) => `${host.url}/api/conversations/talks${path}`;
  /** Becomes a member of the discussion of the chat, as an employee does who opens it. */
  const open = async () => {
    const body = { kind: 'contextual', key: `messenger ${CHAT}`, title: 'Ольга' };
    const answer = await post(url('/discussions'), body, { token });
    return (answer.body as { discussion: { id: string } }).discussion.id;
  };
  const texts = async () => {
    const { body } = await ask(url(`/discussions/${discussion}/messages?after=0&limit=100`), { token });
    return (body as { messages: readonly Message[] }).messages.map(({ text }) => text);
  };
  const answer = async (text: string, more: object = {}) => {
    const posted = await post(url(`/discussions/${discussion}/messages`), { clientId: randomUUID(), text, ...more }, { token });
    expect(posted.status).toBeLessThan(300);
  };
  const write = (text: string) => messenger.write({ chat: CHAT, name: 'Ольга', text });
  const received = () => messenger.received(CHAT).map(({ text }) => text);

  it('posts a message once whose confirmation was lost, and then the next one', async () => {
    messenger.setFault({ kind: 'unconfirmed', times: 2 });
    write('Здравствуйте');
    write('Есть доставка?');
    discussion = await open();
    await until('both messages', async () => (await texts()).includes('Есть доставка?'));
    // messages of one chat are posted in order, so a repetition would stand before the second message
    expect(await texts()).toEqual(['Здравствуйте', 'Есть доставка?']);
    expect(messenger.stats()).toMatchObject({ webhookRequests: 4, pendingUpdates: 0 });
  });

  it('posts a text that the messenger has divided', async () => {
    const before = await texts();
    const long = 'я'.repeat(4_096);
    write(`${long}б`);
    await until('both parts', async () => (await texts()).length === before.length + 2);
    expect((await texts()).slice(before.length)).toEqual([long, 'б']);
  });

  it('sends an answer once that the messenger refuses at first with retry_after', async () => {
    messenger.setFault({ kind: 'flood', retryAfter: 1 });
    await answer('Добрый день');
    await until('the answer', () => received().length > 0);
    expect(received()).toEqual(['Добрый день']);
    expect(messenger.stats().errors).toEqual({ 429: 1 });
  });

  it('sends a text of more than 4,096 characters in parts, in order', async () => {
    const before = received().length;
    const long = Array.from({ length: 1_500 }, (_, n) => `строка ${n}\n`).join('');
    await answer(long);
    const parts = Math.ceil(long.length / 4_096);
    await until('all parts', () => received().length >= before + parts);
    expect(received().slice(before).join('')).toBe(long);
    expect(messenger.stats().errors).toEqual({ 429: 1 });
  });

  it('shows buttons in the messenger, and posts which one is pressed', async () => {
    const before = received().length;
    const row = [
      { id: 'yes', text: 'Да', action: 'agree' },
      { id: 'no', text: 'Нет', action: 'refuse' },
    ];
    await answer('Едем?', { buttons: [row] });
    const message = await until('the message with buttons', () => messenger.received(CHAT)[before]);
    expect(message.reply_markup?.inline_keyboard).toEqual([
      [
        { text: 'Да', callback_data: 'agree' },
        { text: 'Нет', callback_data: 'refuse' },
      ],
    ]);
    const query = messenger.press(message.message_id, 'agree');
    await until('the answer to the button', () => messenger.stats().answers[query] === 'Принято');
    expect((await texts()).at(-1)).toBe('Нажата кнопка: agree');
  });

  it('refuses updates without the secret of the webhook', async () => {
    const before = await texts();
    const update = { update_id: 1, message: { chat: { id: CHAT }, from: {}, text: 'forged' } };
    expect(await post(`${host.url}/in/messenger`, update)).toMatchObject({ status: 401 });
    write('Спасибо');
    await until('the next message', async () => (await texts()).length > before.length);
    expect((await texts()).slice(before.length)).toEqual(['Спасибо']);
  });
});
