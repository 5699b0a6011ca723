// The rival as the load kit sees it. See test/bench/rivals/plain-chat.mjs.
import { createHmac, randomBytes } from 'node:crypto';
import path from 'node:path';
import { WebSocket } from 'ws';
import { end, RIVALS, startNode } from '../../bench/lib/processes.mjs';
import { PROBE, Probed } from './probed.mjs';
import { failure } from './stomp.mjs';

const ANSWER_TIMEOUT_MS = 60_000;

export class PlainSide {
  name = 'plain';
  hasRecipients = false;
  #secret = randomBytes(32).toString('base64url');
  #database;
  #child;
  #port;

  /** @param {string} database URL of a database of its own */
  constructor(database) {
    this.#database = database;
  }

  async start() {
    const args = [path.join(RIVALS, 'plain-chat.mjs'), this.#database, this.#secret];
    const { child, ready } = startNode(args, { env: { ...process.env, ...PROBE }, ipc: true });
    this.#child = child;
    this.#port = (await ready).port;
    this.process = new Probed(child);
  }

  async person(sub) {
    const signature = createHmac('sha256', this.#secret).update(sub).digest('hex');
    return new PlainPerson(sub, () => `ws://127.0.0.1:${this.#port}/?token=${sub}.${signature}`);
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  async stop() {
    if (this.#child) await end(this.#child);
  }
}

/** The methods are those of the person in `sluice-side.mjs`. */
class PlainPerson {
  id;
  onMessage = () => {};
  #url;
  #socket;
  #waiting = new Map();
  #calls = 0;

  constructor(sub, url) {
    this.sub = sub;
    this.#url = url;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  async connect() {
    const socket = new WebSocket(this.#url(), { perMessageDeflate: false });
    this.#socket = socket;
    await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => {
        const reason = failure('CLOSED', 'the connection is closed');
        reject(reason);
        this.#rejectAll(reason);
      });
      socket.on('message', (data) => this.#read(JSON.parse(data), resolve));
    });
  }

  unread() {
    return this.#call('unread');
  }

  async list({ after, limit = 50 } = {}) {
    const discussions = await this.#call('list', { before: after, limit });
    return { discussions, next: discussions.length === limit ? discussions.at(-1).activeAt : undefined };
  }

  messages(discussion, { after, before, limit = 50 }) {
    return this.#call('messages', { discussion, after, before, limit });
  }

  profile(id) {
    return this.#call('people', { ids: [id] });
  }

  open(discussion) {
    return this.#call('open', discussion);
  }

  post(discussion, clientId, text) {
    return this.#call('post', { discussion, clientId, text });
  }

  postAsServer(discussion, clientId, { text, data }) {
    return this.#call('post', { discussion, clientId, text, data });
  }

  read(discussion, seq) {
    return this.#call('read', { discussion, seq });
  }

  async close() {
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close();
    await closed;
  }

  #call(op, args = {}) {
    const id = ++this.#calls;
    if (!this.isOpen) return Promise.reject(failure('CLOSED', 'the connection is closed'));
    this.#socket.send(JSON.stringify({ ...args, id, op }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#socket.terminate(), ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #read(frame, welcomed) {
    if (frame.event === 'welcome') {
      this.id = frame.person;
      return welcomed();
    }
    if (frame.event === 'message') return this.onMessage(frame.message);
    const waiting = this.#waiting.get(frame.id);
    if (!waiting) return undefined;
    this.#waiting.delete(frame.id);
    clearTimeout(waiting.timer);
    if (frame.error === undefined) return waiting.resolve(frame.result);
    return waiting.reject(failure(frame.error, 'the server has refused the call'));
  }

  #rejectAll(reason) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#waiting.clear();
  }
}
