import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { startMessenger } from './messenger.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Answer {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: { readonly retry_after: number };
}

async function start() {
  const messenger = await startMessenger({ port: 0, repeatMs: 1 });
  closing.push(() => messenger.close());
  const call = async (method: string, parameters: object = {}) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${messenger.api}/${method}`, { method: 'POST', headers, body: JSON.stringify(parameters) });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ...((await response.json()) as Answer) };
  };
  return { messenger, call };
}

/** Starts a bot that receives updates at a webhook. */
async function startBot(answer: (update: { readonly update_id: number }) => { status: number; body?: object }) {
  const received: { readonly update_id: number; readonly secret: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const update = JSON.parse(body) as { readonly update_id: number };
      received.push({ ...update, secret: request.headers['x-telegram-bot-api-secret-token'] });
      const { status, body: answered = {} } = answer(update);
      response.writeHead(status).end(JSON.stringify(answered));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

describe('the stand-in for the Bot API of Telegram', () => {
  it('returns updates until an offset confirms them', async () => {
    const { messenger, call } = await start();
    const [first = 0] = messenger.write({ chat: 77, name: 'Ольга', text: 'один' });
    const [second] = messenger.write({ chat: 77, name: 'Ольга', text: 'два' });
    const seen = async (offset: number) =>
      ((await call('getUpdates', { offset })).result as { update_id: number }[]).map(({ update_id: id }) => id);
    expect(await seen(0)).toEqual([first, second]);
    expect(await seen(0)).toEqual([first, second]);
    expect(await seen(first + 1)).toEqual([second]);
    expect(await seen(0)).toEqual([second]);
  });

  it('holds a long poll until an update arrives, and ends it when another one begins', async () => {
    const { messenger, call } = await start();
    const first = call('getUpdates', { timeout: 50 });
    await until('the first poll', () => messenger.stats().methods['getupdates'] === 1);
    const second = call('getUpdates', { timeout: 50 });
    expect(await first).toMatchObject({ ok: false, error_code: 409 });
    messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    expect((await second).result).toMatchObject([{ message: { chat: { id: 77 }, text: 'привет' } }]);
  });

  it('sends updates to the webhook in order with the secret token, each again until a status 2xx', async () => {
    const { messenger, call } = await start();
    let refusals = 2;
    const bot = await startBot(() => ({ status: refusals-- > 0 ? 500 : 202 }));
    expect(await call('setWebhook', { url: bot.url, secret_token: 'a b' })).toMatchObject({ error_code: 400 });
    await call('setWebhook', { url: bot.url, secret_token: 'shared' });
    const ids = ['один', 'два'].flatMap((text) => messenger.write({ chat: 77, name: 'Ольга', text }));
    await until('all updates to be confirmed', () => messenger.stats().pendingUpdates === 0);
    expect(bot.received.map(({ update_id: id, secret }) => [id, secret])).toEqual(
      [ids[0], ids[0], ids[0], ids[1]].map((id) => [id, 'shared']),
    );
    expect(await call('getUpdates')).toMatchObject({ ok: false, error_code: 409 });
  });

  it('sends an update again whose confirmation was lost', async () => {
    const { messenger, call } = await start();
    const bot = await startBot(() => ({ status: 200 }));
    messenger.setFault({ kind: 'unconfirmed' });
    await call('setWebhook', { url: bot.url });
    const ids = messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    await until('the update to be confirmed', () => messenger.stats().pendingUpdates === 0);
    expect(bot.received.map(({ update_id: id }) => id)).toEqual([...ids, ...ids]);
  });

  it('carries out a method in the answer to a webhook', async () => {
    const { messenger, call } = await start();
    const bot = await startBot(() => ({ status: 200, body: { method: 'sendMessage', chat_id: 77, text: 'и вам' } }));
    await call('setWebhook', { url: bot.url });
    messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    await until('the answer', () => messenger.received(77).length === 1);
  });

  it.each([
    ['an empty text', { chat_id: 77, text: ' ' }, 400, 'Bad Request: message text is empty'],
    ['more than 4,096 characters', { chat_id: 77, text: '😀'.repeat(4_097) }, 400, 'Bad Request: message is too long'],
    ['a person who has not written', { chat_id: 78, text: 'привет' }, 400, 'Bad Request: chat not found'],
    [
      'callback data of more than 64 bytes',
      { chat_id: 77, text: 'да?', reply_markup: { inline_keyboard: [[{ text: 'да', callback_data: 'я'.repeat(33) }]] } },
      400,
      'Bad Request: BUTTON_DATA_INVALID',
    ],
  ])('refuses to send %s', async (_what, parameters, status, description) => {
    const { messenger, call } = await start();
    messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    expect(await call('sendMessage', parameters)).toMatchObject({ status, error_code: status, description });
    expect(messenger.received(77)).toEqual([]);
  });

  it('sends 4,096 characters, and splits a longer text of a person', async () => {
    const { messenger, call } = await start();
    expect(messenger.write({ chat: 77, name: 'Ольга', text: 'я'.repeat(4_097) })).toHaveLength(2);
    expect(await call('sendMessage', { chat_id: '77', text: 'я'.repeat(4_096) })).toMatchObject({ ok: true });
  });

  it('limits the rate with retry_after and Retry-After, and refuses a person who has blocked the bot', async () => {
    const { messenger, call } = await start();
    messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    messenger.setFault({ kind: 'flood', retryAfter: 3 }, { kind: 'blocked' });
    const send = () => call('sendMessage', { chat_id: 77, text: 'добрый день' });
    expect(await send()).toMatchObject({ status: 429, retryAfter: '3', parameters: { retry_after: 3 } });
    expect(await send()).toMatchObject({ status: 403, description: 'Forbidden: bot was blocked by the user' });
    expect(await send()).toMatchObject({ status: 200 });
    expect(messenger.received(77)).toHaveLength(1);
  });

  it('passes a press of a button to the bot, whose answer it accepts once', async () => {
    const { messenger, call } = await start();
    messenger.write({ chat: 77, name: 'Ольга', text: 'привет' });
    const markup = { inline_keyboard: [[{ text: 'да', callback_data: 'yes' }]] };
    const sent = await call('sendMessage', { chat_id: 77, text: 'едем?', reply_markup: markup });
    const { message_id: id } = sent.result as { message_id: number };
    expect(() => messenger.press(id, 'no')).toThrow('no button');
    const query = messenger.press(id, 'yes');
    const updates = (await call('getUpdates')).result as object[];
    expect(updates.at(-1)).toMatchObject({ callback_query: { id: query, data: 'yes', message: { text: 'едем?' } } });
    const answer = () => call('answerCallbackQuery', { callback_query_id: query, text: 'спасибо' });
    expect(await answer()).toMatchObject({ ok: true, result: true });
    expect(await answer()).toMatchObject({ error_code: 400 });
    expect(messenger.stats().answers).toEqual({ [query]: 'спасибо' });
  });

  it.each([
    ['another token', 'bot1:other/getMe', 401],
    ['an unknown method', 'METHOD/sendNothing', 404],
  ])('refuses %s', async (_what, path, status) => {
    const { messenger } = await start();
    const url = path.startsWith('METHOD') ? path.replace('METHOD', messenger.api) : `${messenger.url}/${path}`;
    expect((await fetch(url)).status).toBe(status);
  });
});
