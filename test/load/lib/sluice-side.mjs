// Sluice as the load kit sees it: a host on the workspace `conversations`, and people who use it over REST and STOMP as any client does.
import { Pool } from 'undici';
import { BenchHost } from '../../bench/lib/host.mjs';
import { PROBE, Probed } from './probed.mjs';
import { failure, StompSession } from './stomp.mjs';

const CONNECTION = 'chat';
const SCOPE = 'desktop conversations';
const BOT_SCOPE = `${SCOPE} conversations:server`;
/** Connections for the requests of all people together, as a proxy in front of the host has them. */
const HTTP_CONNECTIONS = 64;

export class SluiceSide {
  name = 'sluice';
  /** Whether a message can be limited to some of the members. */
  hasRecipients = true;
  #host;
  #http;

  /** @param {Record<string, string>} env URLs of the servers that the host uses */
  constructor(env) {
    this.#host = new BenchHost('conversations', { env: { ...env, ...PROBE } });
  }

  async start() {
    await this.#host.start();
    this.process = new Probed(this.#host.process);
    this.#http = new Pool(this.#host.url, { connections: HTTP_CONNECTIONS });
  }

  get url() {
    return this.#host.url;
  }

  async person(sub, { isBot = false } = {}) {
    return new SluicePerson(this, sub, await this.token(sub, isBot ? BOT_SCOPE : SCOPE));
  }

  token(sub, scope) {
    return this.#host.token({ sub, scope });
  }

  /** Calls the API. Resolves with the answer; rejects with its code. */
  async call(token, method, path, body) {
    const { statusCode, body: answer } = await this.#http.request({
      method,
      path: `/api/conversations/${CONNECTION}${path}`,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const data = text === '' ? undefined : JSON.parse(text);
    if (statusCode >= 300) throw failure(data?.code ?? statusCode, `${method} ${path}: ${text.slice(0, 500)}`);
    return data;
  }

  /** Starts the host anew, with the memory of a fresh process. */
  async restart() {
    await this.#http.close();
    await this.#host.stop();
    await this.start();
  }

  async stop() {
    await this.#http?.close();
    await this.#host.remove();
  }
}

class SluicePerson {
  /** Id of the person; known after the first {@link connect}. */
  id;
  /** Called with `{ discussion, seq, author, text }` of each message that the server pushes. */
  onMessage = () => {};
  #side;
  #token;
  #session;
  #feed;

  constructor(side, sub, token) {
    this.sub = sub;
    this.#side = side;
    this.#token = token;
  }

  get isOpen() {
    return this.#session?.isOpen ?? false;
  }

  async connect() {
    const { person, feed } = await this.#call('GET', '/me');
    this.id = person.id;
    this.#feed = feed;
    const url = `${this.#side.url.replace('http', 'ws')}/stomp`;
    this.#session = await StompSession.connect(url, this.#token, (headers, body) => {
      if (headers.get('event') === 'conversations.message') this.onMessage(JSON.parse(body));
    });
    await this.#session.subscribe(this.#feed);
  }

  unread() {
    return this.#call('GET', '/unread');
  }

  /** Discussions with the newest activity first. `next`: where the following page begins. */
  async list({ after, limit = 50 } = {}) {
    const { discussions, next } = await this.#call('GET', `/discussions?limit=${limit}${after ? `&after=${after}` : ''}`);
    return { discussions, next };
  }

  messages(discussion, { after, before, limit = 50 }) {
    const place = before === undefined ? `after=${after ?? 0}` : `before=${before}`;
    return this.#call('GET', `/discussions/${discussion}/messages?${place}&limit=${limit}`);
  }

  profile(id) {
    return this.#call('GET', `/people/${id}`);
  }

  async open({ kind, key, title = '', members = [] }) {
    const { discussion, created } = await this.#call('POST', '/discussions', { kind, ...(key && { key }), title, members });
    return { id: discussion.id, created };
  }

  /** Resolves after the commit. */
  async post(discussion, clientId, text, { recipients } = {}) {
    const body = { discussion, clientId, text, ...(recipients && { recipients }) };
    await this.#session.send(`/conversations/${CONNECTION}/post`, clientId, body);
  }

  /** Posts over REST, as server code does. */
  async postAsServer(discussion, clientId, data) {
    await this.#call('POST', `/discussions/${discussion}/messages`, { clientId, ...data });
  }

  async read(discussion, seq) {
    await this.#call('POST', '/read', { marks: [{ discussion, seq }] });
  }

  async close() {
    await this.#session?.close();
  }

  #call(method, path, body) {
    return this.#side.call(this.#token, method, path, body);
  }
}
