// People who use Sluice over REST and STOMP as any client does.
import { Agent, request } from 'undici';
import { failure, StompSession } from './stomp.mjs';

/** Name of the connection of the workspace. */
export const CONNECTION = 'chat';
const SCOPE = 'desktop conversations';
const BOT_SCOPE = `${SCOPE} conversations:server`;
/** Connections for the requests of all people to one host together, as a proxy in front of it has them. */
const HTTP_CONNECTIONS = 64;

/** The hosts of a workspace. Requests and sessions go to all of them in turn. */
export class SluiceClients {
  name = 'sluice';
  /** Whether a message can be limited to some of the members. */
  hasRecipients = true;
  #urls;
  #sign;
  #http = new Agent({ connections: HTTP_CONNECTIONS });
  #turn = 0;

  /**
   * @param {() => readonly string[]} urls returns the URLs of the hosts that accept requests now
   * @param {(sub: string, scope: string) => Promise<string>} sign returns a token
   */
  constructor(urls, sign) {
    this.#urls = urls;
    this.#sign = sign;
  }

  async person(sub, { isBot = false } = {}) {
    return new SluicePerson(this, sub, await this.#sign(sub, isBot ? BOT_SCOPE : SCOPE));
  }

  /** Returns the URL of the next host. */
  get url() {
    const urls = this.#urls();
    if (urls.length === 0) throw failure('NO_HOST', 'no host accepts requests');
    return urls[this.#turn++ % urls.length];
  }

  /** Calls the API of a host, without a token if it is undefined. Resolves with the answer; rejects with its code. */
  async call(token, method, path, body) {
    const { statusCode, body: answer } = await request(`${this.url}/api/conversations/${CONNECTION}${path}`, {
      dispatcher: this.#http,
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const data = text === '' ? undefined : JSON.parse(text);
    if (statusCode >= 300) throw failure(data?.code ?? statusCode, `${method} ${path}: ${text.slice(0, 500)}`);
    return data;
  }

  async close() {
    await this.#http.close();
  }
}

export class SluicePerson {
  /** Id of the person; known after the first {@link connect}. */
  id;
  /** Called with `{ discussion, seq, author, text }` of each message that the server pushes. */
  onMessage = () => {};
  #clients;
  #token;
  #session;

  constructor(clients, sub, token) {
    this.sub = sub;
    this.#clients = clients;
    this.#token = token;
  }

  get isOpen() {
    return this.#session?.isOpen ?? false;
  }

  async connect() {
    const { person, feed } = await this.call('GET', '/me');
    this.id = person.id;
    const url = `${this.#clients.url.replace('http', 'ws')}/stomp`;
    this.#session = await StompSession.connect(url, this.#token, (headers, body) => {
      if (headers.get('event') === 'conversations.message') this.onMessage(JSON.parse(body));
    });
    try {
      await this.#session.subscribe(feed);
    } catch (error) {
      this.cut();
      throw error;
    }
  }

  unread() {
    return this.call('GET', '/unread');
  }

  /** Discussions with the newest activity first. `next`: where the following page begins. */
  async list({ after, limit = 50 } = {}) {
    const { discussions, next } = await this.call('GET', `/discussions?limit=${limit}${after ? `&after=${after}` : ''}`);
    return { discussions, next };
  }

  messages(discussion, { after, before, limit = 50 }) {
    const place = before === undefined ? `after=${after ?? 0}` : `before=${before}`;
    return this.call('GET', `/discussions/${discussion}/messages?${place}&limit=${limit}`);
  }

  profile(id) {
    return this.call('GET', `/people/${id}`);
  }

  async open({ kind, key, title = '', members = [] }) {
    const { discussion, created } = await this.call('POST', '/discussions', { kind, ...(key && { key }), title, members });
    return { id: discussion.id, created };
  }

  /** Resolves after the commit. */
  async post(discussion, clientId, text, { recipients } = {}) {
    const body = { discussion, clientId, text, ...(recipients && { recipients }) };
    await this.#session.send(`/conversations/${CONNECTION}/post`, clientId, body);
  }

  /** Posts over REST, as server code does. */
  async postAsServer(discussion, clientId, data) {
    await this.call('POST', `/discussions/${discussion}/messages`, { clientId, ...data });
  }

  async read(discussion, seq) {
    await this.call('POST', '/read', { marks: [{ discussion, seq }] });
  }

  async close() {
    await this.#session?.close();
  }

  /** Cuts the connection off, as a broken network does. */
  cut() {
    this.#session?.cut();
  }

  /** Calls the API on behalf of the person. */
  call(method, path, body) {
    return this.#clients.call(this.#token, method, path, body);
  }
}
