import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { json, parseJson, readText, send, sendJson } from '../onec/wire.js';
import { badRequest, BotApiError, integer, parametersOf, structure, text, type Parameters } from './requests.js';
import type { CallbackQuery, InlineKeyboard, Message, User } from './types.js';
import { UpdateQueue } from './update-queue.js';

/** Maximum length of a text: https://core.telegram.org/bots/api#sendmessage */
const MAX_TEXT_CHARACTERS = 4_096;
const MAX_CALLBACK_DATA_BYTES = 64;
const MAX_ANSWER_CHARACTERS = 200;
const MAX_UPDATES = 100;
const MAX_POLL_S = 50;
const MAX_MESSAGES = 100_000;
const REPEAT_MS = 1_000;

export const MESSENGER_FAULTS = ['flood', 'lost', 'unconfirmed', 'blocked', 'down'] as const;

/**
 * A fault of the next `times` requests. `flood`: sendMessage is answered 429 with `retry_after`. `lost`: sendMessage is carried out, and the connection
 * breaks before the answer. `unconfirmed`: the answer of the webhook is lost, so the update is sent again. `blocked`: sendMessage is answered 403.
 * `down`: any method is answered 502.
 */
export interface MessengerFault {
  readonly kind: (typeof MESSENGER_FAULTS)[number];
  readonly times: number;
  /** Of `flood`, in seconds. */
  readonly retryAfter: number;
}

export interface MessengerOptions {
  /** 0: a free port. */
  readonly port: number;
  /** Token of the bot. */
  readonly token?: string;
  /** Delay before an update that the webhook did not confirm is sent again; default 1,000 ms. */
  readonly repeatMs?: number;
}

/** A message of a person. */
export interface WrittenMessage {
  readonly chat: number;
  readonly name: string;
  readonly text: string;
}

export interface MessengerStats {
  readonly methods: Readonly<Record<string, number>>;
  /** Answers with an error, by status. */
  readonly errors: Readonly<Record<string, number>>;
  readonly webhookRequests: number;
  readonly pendingUpdates: number;
  readonly messages: readonly Message[];
  /** Texts of answerCallbackQuery, by the id of the query. */
  readonly answers: Readonly<Record<string, string>>;
}

/** A running stand-in for Telegram's Bot API. */
export interface Messenger {
  readonly url: string;
  /** Base URL of the methods: `<url>/bot<token>`. */
  readonly api: string;
  /** A person writes to the bot. A text of more than 4,096 characters becomes several messages, as in the clients. Returns the ids of the updates. */
  write(message: WrittenMessage): readonly number[];
  /**
   * A person presses a button of the inline keyboard of a message. Returns the id of the callback query.
   *
   * @throws when the message has no button with the data
   */
  press(message: number, data: string): string;
  /** Messages of the bot to a chat. */
  received(chat: number): readonly Message[];
  setFault(...faults: readonly (Pick<MessengerFault, 'kind'> & Partial<MessengerFault>)[]): void;
  stats(): MessengerStats;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for the Bot API of Telegram on loopback, after https://core.telegram.org/bots/api: `getMe`, `getUpdates`, `setWebhook`,
 * `deleteWebhook`, `getWebhookInfo`, `sendMessage` with inline keyboards, `answerCallbackQuery`; parameters in the query, a form or JSON; errors
 * with `error_code`, `description`, `parameters.retry_after` and the header `Retry-After`; updates that are repeated until the bot confirms them; a
 * method in the answer to a webhook. `GET /__stats`, `POST /__write`, `POST /__press` and `POST /__fault` control it.
 *
 * Not modelled: chats other than private ones, files and multipart forms, formatting (`parse_mode` and `entities` are ignored), editing and deleting,
 * replies, other keyboards, commands and inline mode; the flood limits of Telegram (the fault `flood` stands for them); `https` and the ports of
 * webhooks, `max_connections` (updates are sent one after another) and the growing delay between repetitions; the loss of updates after 24 hours and of
 * callback queries that are not answered in time.
 */
export async function startMessenger(options: MessengerOptions): Promise<Messenger> {
  const messenger = new MessengerServer(options);
  await messenger.listen(options.port);
  return messenger;
}

const written = z.strictObject({ chat: z.int().positive(), name: z.string().min(1).default('Ольга'), text: z.string().min(1) });
const pressed = z.strictObject({ message: z.int(), data: z.string() });
const faults = z.strictObject({
  faults: z.array(
    z.strictObject({
      kind: z.enum(MESSENGER_FAULTS),
      times: z.int().positive().default(1),
      retryAfter: z.int().positive().default(1),
    }),
  ),
});
const keyboard = z.object({
  inline_keyboard: z.array(
    z.array(z.object({ text: z.string().min(1), url: z.string().optional(), callback_data: z.string().optional() })),
  ),
});

class MessengerServer implements Messenger {
  url = '';
  readonly #token: string;
  readonly #server: Server;
  readonly #queue: UpdateQueue;
  readonly #bot: User = { id: 7_000_000, is_bot: true, first_name: 'Мессенджер', username: 'sluice_bot' };
  readonly #chats = new Map<number, string>();
  readonly #messages: Message[] = [];
  readonly #queries = new Map<string, { readonly query: CallbackQuery; answer?: string }>();
  readonly #methods: Record<string, number> = {};
  readonly #errors: Record<string, number> = {};
  #faults: MessengerFault[] = [];

  constructor({ token = '7000000:stand-in', repeatMs = REPEAT_MS }: MessengerOptions) {
    this.#token = token;
    this.#queue = new UpdateQueue({ repeatMs, onMethod: (body) => this.#callOfWebhook(body) });
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#route(request, response).catch(() => request.socket.destroy());
    });
  }

  get api(): string {
    return `${this.url}/bot${this.#token}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  write({ chat, name, text: whole }: WrittenMessage): readonly number[] {
    this.#chats.set(chat, name);
    const characters = [...whole];
    const ids: number[] = [];
    for (let from = 0; from < characters.length; from += MAX_TEXT_CHARACTERS) {
      const part = characters.slice(from, from + MAX_TEXT_CHARACTERS).join('');
      ids.push(this.#queue.add({ message: this.#add(chat, this.#person(chat), part) }));
    }
    return ids;
  }

  press(id: number, data: string): string {
    const message = this.#messages.find(({ message_id }) => message_id === id);
    const buttons = message?.reply_markup?.inline_keyboard.flat() ?? [];
    if (!message || !buttons.some(({ callback_data }) => callback_data === data))
      throw new Error(`the message ${id} has no button with the data "${data}"`);
    const query = {
      id: `${id}-${this.#queries.size + 1}`,
      from: this.#person(message.chat.id),
      message,
      chat_instance: String(message.chat.id),
      data,
    };
    this.#queries.set(query.id, { query });
    this.#queue.add({ callback_query: query });
    return query.id;
  }

  received(chat: number): readonly Message[] {
    return this.#messages.filter((message) => message.chat.id === chat && message.from.is_bot);
  }

  setFault(...wanted: readonly (Pick<MessengerFault, 'kind'> & Partial<MessengerFault>)[]): void {
    const all = wanted.map((fault) => ({ times: 1, retryAfter: 1, ...fault }));
    this.#faults = all.filter(({ kind }) => kind !== 'unconfirmed');
    for (const { kind, times } of all) if (kind === 'unconfirmed') this.#queue.loseConfirmations(times);
  }

  stats(): MessengerStats {
    const answered = [...this.#queries].flatMap<[string, string]>(([id, { answer }]) =>
      answer === undefined ? [] : [[id, answer]],
    );
    return {
      methods: this.#methods,
      errors: this.#errors,
      webhookRequests: this.#queue.sent,
      pendingUpdates: this.#queue.pending,
      messages: this.#messages,
      answers: Object.fromEntries(answered),
    };
  }

  async close(): Promise<void> {
    this.#queue.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname.startsWith('/__')) return this.#control(request, response, url.pathname);
    const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
    try {
      if (token === undefined) throw new BotApiError(404, 'Not Found');
      if (token !== this.#token) throw new BotApiError(401, 'Unauthorized');
      const result = await this.#call(method, await parametersOf(request, url));
      if (this.#takeFault('lost', method)) return void request.socket.destroy();
      sendJson(response, 200, { ok: true, result });
    } catch (error) {
      if (!(error instanceof BotApiError)) throw error;
      this.#errors[error.status] = (this.#errors[error.status] ?? 0) + 1;
      this.#refuse(response, error);
    }
  }

  #refuse(response: ServerResponse, { status, description, retryAfter }: BotApiError): void {
    const flood = retryAfter !== undefined && { parameters: { retry_after: retryAfter } };
    const answer = json(status, JSON.stringify({ ok: false, error_code: status, description, ...flood }));
    const headers = { ...answer.headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
    send(response, { ...answer, headers });
  }

  async #call(name: string, parameters: Parameters): Promise<unknown> {
    // method names are case-insensitive
    const method = name.toLowerCase();
    this.#methods[method] = (this.#methods[method] ?? 0) + 1;
    if (this.#takeFault('down')) throw new BotApiError(502, 'Bad Gateway');
    switch (method) {
      case 'getme':
        return this.#bot;
      case 'getupdates':
        return this.#queue.poll({
          offset: integer(parameters, 'offset', 0),
          limit: Math.min(Math.max(integer(parameters, 'limit', MAX_UPDATES), 1), MAX_UPDATES),
          timeoutMs: Math.min(Math.max(integer(parameters, 'timeout', 0), 0), MAX_POLL_S) * 1000,
        });
      case 'setwebhook':
        return this.#setWebhook(parameters);
      case 'deletewebhook':
        return this.#setWebhook({ ...parameters, url: '' });
      case 'getwebhookinfo':
        return this.#webhookInfo();
      case 'sendmessage':
        return this.#sendMessage(parameters);
      case 'answercallbackquery':
        return this.#answer(parameters);
      default:
        throw new BotApiError(404, 'Not Found: method not found');
    }
  }

  /** Carries out the method in the answer to a webhook. The bot does not learn its result. */
  #callOfWebhook(body: unknown): void {
    if (typeof body !== 'object' || body === null || !('method' in body) || typeof body.method !== 'string') return;
    const { method, ...parameters } = body;
    this.#call(method, parameters).catch(() => undefined);
  }

  #setWebhook(parameters: Parameters): true {
    const url = text(parameters, 'url');
    const secretToken = text(parameters, 'secret_token');
    if (url !== '' && !URL.canParse(url)) throw badRequest('invalid webhook URL specified');
    if (!/^[A-Za-z0-9_-]{0,256}$/.test(secretToken)) throw badRequest('secret token contains unallowed characters');
    if (['true', true].includes(parameters['drop_pending_updates'] as string | boolean)) this.#queue.drop();
    this.#queue.setWebhook(url === '' ? undefined : { url, secretToken });
    return true;
  }

  #webhookInfo(): object {
    const { webhook, pending, lastError } = this.#queue;
    return {
      url: webhook?.url ?? '',
      has_custom_certificate: false,
      pending_update_count: pending,
      ...(lastError && { last_error_date: lastError.date, last_error_message: lastError.message }),
    };
  }

  #sendMessage(parameters: Parameters): Message {
    const flood = this.#takeFault('flood');
    if (flood) throw new BotApiError(429, `Too Many Requests: retry after ${flood.retryAfter}`, flood.retryAfter);
    if (this.#takeFault('blocked')) throw new BotApiError(403, 'Forbidden: bot was blocked by the user');
    const content = text(parameters, 'text');
    if (content.trim() === '') throw badRequest('message text is empty');
    if ([...content].length > MAX_TEXT_CHARACTERS) throw badRequest('message is too long');
    const chat = integer(parameters, 'chat_id', 0);
    if (!this.#chats.has(chat)) throw badRequest('chat not found');
    return this.#add(chat, this.#bot, content, keyboardOf(structure(parameters, 'reply_markup')));
  }

  #answer(parameters: Parameters): true {
    const known = this.#queries.get(text(parameters, 'callback_query_id'));
    if (!known || known.answer !== undefined)
      throw badRequest('query is too old and response timeout expired or query ID is invalid');
    const answer = text(parameters, 'text');
    if ([...answer].length > MAX_ANSWER_CHARACTERS) throw badRequest('MESSAGE_TOO_LONG');
    known.answer = answer;
    return true;
  }

  #add(chat: number, from: User, content: string, markup?: InlineKeyboard): Message {
    if (this.#messages.length >= MAX_MESSAGES) throw new BotApiError(500, `the stand-in keeps up to ${MAX_MESSAGES} messages`);
    const message: Message = {
      message_id: this.#messages.length + 1,
      from,
      chat: { id: chat, type: 'private', first_name: this.#chats.get(chat) ?? '' },
      date: Math.floor(Date.now() / 1000),
      text: content,
      ...(markup && { reply_markup: markup }),
    };
    this.#messages.push(message);
    return message;
  }

  #person(chat: number): User {
    return { id: chat, is_bot: false, first_name: this.#chats.get(chat) ?? '' };
  }

  /** Takes the next fault if it is of the kind. `lost` concerns sendMessage only. */
  #takeFault(kind: MessengerFault['kind'], method?: string): MessengerFault | undefined {
    const [next, ...others] = this.#faults;
    if (next?.kind !== kind || (kind === 'lost' && method?.toLowerCase() !== 'sendmessage')) return undefined;
    this.#faults = next.times > 1 ? [{ ...next, times: next.times - 1 }, ...others] : others;
    return next;
  }

  async #control(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const body = parseJson(await readText(request));
    const answer = <Order>(schema: z.ZodType<Order>, carryOut: (order: Order) => object) => {
      const order = schema.safeParse(body);
      if (!order.success) return sendJson(response, 400, { message: z.prettifyError(order.error) });
      try {
        return sendJson(response, 200, carryOut(order.data));
      } catch (error) {
        return sendJson(response, 400, { message: (error as Error).message });
      }
    };
    switch (`${request.method} ${path}`) {
      case 'GET /__stats':
        return sendJson(response, 200, this.stats());
      case 'POST /__write':
        return answer(written, (message) => ({ updates: this.write(message) }));
      case 'POST /__press':
        return answer(pressed, ({ message, data }) => ({ query: this.press(message, data) }));
      case 'POST /__fault':
        return answer(faults, (order) => {
          this.setFault(...order.faults);
          return order;
        });
      default:
        return sendJson(response, 404, { message: 'GET /__stats, POST /__write, POST /__press, POST /__fault' });
    }
  }
}

function keyboardOf(markup: unknown): InlineKeyboard | undefined {
  if (markup === undefined) return undefined;
  const parsed = keyboard.safeParse(markup);
  if (!parsed.success) throw badRequest("can't parse inline keyboard button: the stand-in knows inline_keyboard only");
  for (const { url, callback_data: data } of parsed.data.inline_keyboard.flat()) {
    if ((url === undefined) === (data === undefined))
      throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
    if (data !== undefined && (data === '' || Buffer.byteLength(data) > MAX_CALLBACK_DATA_BYTES))
      throw badRequest('BUTTON_DATA_INVALID');
  }
  return parsed.data;
}
