import { randomUUID } from 'node:crypto';
import { startDesktops, type Desktops, type ServerFrame } from '@sluice/emulator';
import { signOperatorToken } from '@sluice/host';
import { SignJWT } from 'jose';
import { ConversationsApi, MAIN, type IssuedKey } from '../admin/conversations-api.js';
import { HostApi } from '../admin/host-api.js';
import { CommandError } from '../exit.js';
import { seconds } from '../terminal/words.js';
import { inLoops } from './calls.js';
import type { DesktopPart } from './desktops.js';
import { DiscussionTally } from './discussion-tally.js';
import { holds } from './holds.js';
import { sendEvents } from './sender.js';

/** Connection of sluice.yaml. */
const CONNECTION = 'talks';
const TALKS = `/api/conversations/${CONNECTION}`;
const APPLICATIONS = ['Управление торговлей', 'Интернет-магазин'];
const PEOPLE = 10;
/** Messages of each person. Odd ones are posted over HTTP, even ones over STOMP. */
const MESSAGES = 20;
/** Each message with such a number is posted over both, as a client does whose connection broke before the answer. */
const REPEATED = 5;
const GIVE_UP_MS = 20_000;
const TOKEN_TTL_MS = 3_600_000;
const MAX_PAGE = 200;

const COMMAND = '/отгрузить';
const WRITTEN = 'Курьер с подписанными накладными выехал';
/** Another form of a word in {@link WRITTEN}. */
const SEARCHED = 'накладная';

interface Message {
  readonly discussion: string;
  readonly seq: number;
  readonly text: string;
}

/** A person with its HTTP and its STOMP client. */
interface Person {
  readonly api: HostApi;
  readonly desktop: ReturnType<Desktops['user']>;
}

/**
 * Demonstrates conversations: people of two applications open the discussion of an order at the same moment and talk, a bot answers with
 * buttons, and a search finds another form of a word. The clients in this process count what they sent and saw. Rejects with a
 * {@link CommandError} when a message is lost, doubled or disordered, or an answer is missing.
 */
export async function showConversations(options: DesktopPart): Promise<void> {
  const { port, report } = options;
  report(
    `5  conversations: ${PEOPLE} people of ${APPLICATIONS.length} applications talk about an order, with a bot and its buttons\n`,
  );
  const keys = await registered(options);
  const tokens = await Promise.all(
    Array.from({ length: PEOPLE }, (_, at) => tokenOf(keys[at % keys.length] as IssuedKey, at + 1)),
  );
  const tally = new DiscussionTally(PEOPLE);
  const desktops = await startDesktops({
    users: PEOPLE,
    port: 0,
    gateway: { host: '127.0.0.1', port },
    token: (user) => tokens[indexOf(user)] as string,
    heard: (user, frame) => {
      const message = messageOf(frame);
      if (message) tally.saw(indexOf(user), message);
    },
  });
  try {
    const people = tokens.map((token, at) => ({ api: new HostApi(options.url() ?? '', token), desktop: desktops.user(at + 1) }));
    const from = performance.now();
    await listen(people, desktops, options);
    const talk = new Talk(people, tally, options);
    const opened = await talk.open();
    await talk.postAll();
    const live = await talk.catchUp();
    const answerMs = await talk.askBot();
    const found = await talk.search();
    const { sent, lost, twice, disordered } = tally.counts();
    report(
      `conversations: ${PEOPLE} people opened ${opened.discussions} discussion, posted ${sent}, ${talk.repeated} of them twice, ${live} views live, each saw ${tally.seenBy(0)}, lost ${lost}, twice ${twice}, out of order ${disordered}, the bot answered in ${seconds(answerMs)}, "${SEARCHED}" found "${found}", ${seconds(performance.now() - from)}\n\n`,
    );
    if (opened.discussions !== 1 || opened.created !== 1 || lost + twice + disordered > 0)
      throw new CommandError('messages or discussions are not as sent: see the line above and the log of the host');
  } finally {
    await desktops.close();
  }
}

/** The discussion of one order. */
class Talk {
  /** Number of messages that were posted twice. */
  repeated = 0;
  #id = '';
  readonly #order = randomUUID();

  constructor(
    private readonly people: readonly Person[],
    private readonly tally: DiscussionTally,
    private readonly options: DesktopPart,
  ) {}

  /** Opens the discussion for everybody at the same moment. Resolves when the bot of the flow has written into it. */
  async open(): Promise<{ readonly discussions: number; readonly created: number }> {
    const number = this.#order.slice(0, 8);
    const wanted = { kind: 'contextual', key: `order ${this.#order}`, title: `Заказ ${number}` };
    const answers = await Promise.all(
      this.people.map(({ api }) => api.post<{ created: boolean; discussion: { id: string } }>(`${TALKS}/discussions`, wanted)),
    );
    const ids = new Set(answers.map(({ discussion }) => discussion.id));
    this.#id = answers[0]?.discussion.id ?? '';
    const event = { type: 'erp.order.created', data: () => ({ Ссылка: this.#order, Номер: number }) };
    await sendEvents(event, 1, this.options, () => undefined);
    await this.#shown('the message of the flow', (text) => text.startsWith(`Заказ ${number} создан`));
    return { discussions: ids.size, created: answers.filter(({ created }) => created).length };
  }

  /** Everybody posts at the same time, each person one message after another. */
  async postAll(): Promise<void> {
    await Promise.all(
      this.people.map((person) =>
        inLoops(MESSAGES, 1, async (number) => {
          this.options.signal.throwIfAborted();
          const clientId = randomUUID();
          const text = `${person.desktop.name}: сообщение ${number}`;
          this.tally.sent(person.desktop.name, text);
          const overHttp = () => this.#post(person, text, clientId);
          const overStomp = () =>
            person.desktop.send(`/conversations/${CONNECTION}/post`, { id: clientId }, { discussion: this.#id, text });
          await (number % 2 === 1 ? overHttp() : overStomp());
          if (number % REPEATED !== 0) return;
          this.repeated++;
          await (number % 2 === 1 ? overStomp() : overHttp());
        }),
      ),
    );
  }

  /** Waits for the live messages, and then reads the discussion as a client does that was away. Resolves with the number of live messages. */
  async catchUp(): Promise<number> {
    const all = this.people.length * MESSAGES + 1;
    const isSeen = () => this.people.every((_, at) => this.tally.seenBy(at) >= all);
    await holds(isSeen, { withinMs: GIVE_UP_MS, signal: this.options.signal });
    const live = this.people.reduce((sum, _, at) => sum + this.tally.seenBy(at), 0);
    await Promise.all(this.people.map((person, at) => this.#read(person, at)));
    return live;
  }

  /** One person posts a command for the bot, a person of the other application presses its button. Resolves with the milliseconds to its answer. */
  async askBot(): Promise<number> {
    const [first, second] = this.people as [Person, Person];
    const from = performance.now();
    this.tally.sent(first.desktop.name, COMMAND);
    await this.#post(first, COMMAND);
    const question = await this.#shown('the buttons of the bot', (text) => text.endsWith('отгружаем?'));
    const answerMs = performance.now() - from;
    await second.api.post(`${TALKS}/discussions/${this.#id}/messages/${question}/buttons/yes`, { clientId: randomUUID() });
    await this.#shown('the result of the button', (text) => text.startsWith('Отгружено: '));
    return answerMs;
  }

  /** Posts a text and finds it by another form of one of its words. Resolves with the found part of the text. */
  async search(): Promise<string> {
    const [first, second] = this.people as [Person, Person];
    this.tally.sent(second.desktop.name, WRITTEN);
    await this.#post(second, WRITTEN);
    await this.#shown('the message to search', (text) => text === WRITTEN);
    const query = new URLSearchParams({ text: SEARCHED, discussion: this.#id });
    const { hits } = await first.api.get<{
      hits: readonly { message: Message; highlights: readonly { from: number; to: number }[] }[];
    }>(`${TALKS}/search?${query.toString()}`);
    const [hit] = hits;
    const [part] = hit?.highlights ?? [];
    if (hits.length !== 1 || hit?.message.text !== WRITTEN || !part)
      throw new CommandError(
        `the search for "${SEARCHED}" found ${hits.length} messages, and not the one with another form of it`,
      );
    return WRITTEN.slice(part.from, part.to);
  }

  #post({ api }: Person, text: string, clientId: string = randomUUID()): Promise<void> {
    return api.post(`${TALKS}/discussions/${this.#id}/messages`, { clientId, text });
  }

  async #read({ api }: Person, at: number): Promise<void> {
    let after = 0;
    for (let hasMore = true; hasMore;) {
      const path = `${TALKS}/discussions/${this.#id}/messages?after=${after}&limit=${MAX_PAGE}`;
      const page = await api.get<{ messages: readonly Message[]; hasMore: boolean }>(path);
      for (const message of page.messages) this.tally.saw(at, message);
      after = page.messages.at(-1)?.seq ?? after;
      hasMore = page.hasMore && page.messages.length > 0;
    }
  }

  /** Waits until each client has seen such a message. Resolves with its number in the discussion. */
  async #shown(what: string, is: (text: string) => boolean): Promise<number> {
    let seq: number | undefined;
    const look = () => (seq = this.tally.seenByAll(is)) !== undefined;
    await holds(look, { withinMs: GIVE_UP_MS, signal: this.options.signal });
    if (seq === undefined) throw new CommandError(`waited ${seconds(GIVE_UP_MS)} for ${what}: see the log of the host`);
    return seq;
  }
}

/** Returns the keys of both applications. They are registered by the first demo in this folder, and get a new key from each further one. */
async function registered({ url, secret }: DesktopPart): Promise<readonly IssuedKey[]> {
  const token = await signOperatorToken(secret, { sub: 'demo', scope: 'admin', ttlMs: TOKEN_TTL_MS });
  const api = new ConversationsApi(new HostApi(url() ?? '', token), CONNECTION);
  const main = await api.subscriber(MAIN);
  const known = await api.applications(main);
  const keys: IssuedKey[] = [];
  for (const title of APPLICATIONS) {
    const found = known.find((one) => one.title === title);
    keys.push(found ? await api.rotateKey(main, found, false) : await api.addApplication(main, title));
  }
  return keys;
}

/** Signs as the server of an application does for its user. */
function tokenOf({ issuer, key }: IssuedKey, number: number): Promise<string> {
  return new SignJWT({ scope: 'conversations desktop' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: issuer })
    .setSubject(`user${number}`)
    .setIssuedAt()
    .setExpirationTime(new Date(Date.now() + TOKEN_TTL_MS))
    .sign(new TextEncoder().encode(key));
}

/** Subscribes each client to the live events of its person. */
async function listen(people: readonly Person[], desktops: Desktops, { signal }: DesktopPart): Promise<void> {
  if (!(await holds(() => desktops.stats().online === people.length, { withinMs: GIVE_UP_MS, signal })))
    throw new CommandError(`the people do not connect to the gateway: ${JSON.stringify(desktops.stats())}`);
  await Promise.all(
    people.map(async ({ api, desktop }) => {
      const { feed } = await api.get<{ feed: string }>(`${TALKS}/me`);
      await desktop.subscribe(feed);
    }),
  );
}

function messageOf({ headers, body }: ServerFrame): Message | undefined {
  return headers.get('event') === 'conversations.message' ? (JSON.parse(body.toString()) as Message) : undefined;
}

/** Returns the position, from 0, of an emulated user such as `user1`. */
function indexOf(user: string): number {
  return Number(user.slice('user'.length)) - 1;
}
