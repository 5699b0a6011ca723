// A STOMP 1.2 client over WebSocket, as the page and the platform of 1C are: connects, subscribes, sends with a receipt.
import { WebSocket } from 'ws';

export const HEART_BEAT_MS = 30_000;
const RECEIPT_TIMEOUT_MS = 60_000;

/** A session of one client. All its promises reject with the reason when the session ends. */
export class StompSession {
  #socket;
  #waiting = new Map();
  #receipts = 0;
  #onMessage;
  #ended;

  constructor(socket, onMessage) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on('message', (data) => this.#read(data.toString()));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(failure('CLOSED', 'the server has closed the connection')));
  }

  /**
   * Connects. Resolves when the server has accepted the token.
   *
   * @param {string} url of the WebSocket
   * @param {string} token
   * @param {(headers: ReadonlyMap<string, string>, body: string) => void} onMessage called with each MESSAGE
   */
  static async connect(url, token, onMessage) {
    const session = new StompSession(new WebSocket(url, 'v12.stomp', { perMessageDeflate: false }), onMessage);
    const heartBeat = `heart-beat:${HEART_BEAT_MS},${HEART_BEAT_MS}`;
    session.#socket.once('open', () =>
      session.#write(`CONNECT\naccept-version:1.2\nhost:load\n${heartBeat}\npasscode:${token}\n\n\0`),
    );
    await session.#answer('CONNECTED');
    beating.add(session);
    return session;
  }

  get isOpen() {
    return this.#ended === undefined;
  }

  /** Resolves when the server has accepted the subscription. */
  subscribe(destination) {
    const receipt = `r${++this.#receipts}`;
    this.#write(`SUBSCRIBE\nid:${receipt}\ndestination:${destination}\nreceipt:${receipt}\n\n\0`);
    return this.#answer(receipt);
  }

  /** Resolves when the server has sent the RECEIPT. */
  send(destination, id, data) {
    const receipt = `r${++this.#receipts}`;
    const head = `destination:${destination}\nid:${id}\nreceipt:${receipt}\ncontent-type:application/json`;
    this.#write(`SEND\n${head}\n\n${JSON.stringify(data)}\0`);
    return this.#answer(receipt);
  }

  beat() {
    this.#write('\n');
  }

  /** Closes the connection and resolves when it is closed. */
  async close() {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.CLOSED) {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.close();
      await closed;
    }
    this.#end(failure('CLOSED', 'the client has closed the connection'));
  }

  /** Cuts the connection off, as a broken network does. */
  cut() {
    this.#socket.terminate();
  }

  #write(text) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #answer(key) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const late = () => this.#end(failure('TIMEOUT', `no answer to ${key} within ${RECEIPT_TIMEOUT_MS} ms`));
      const timer = setTimeout(late, RECEIPT_TIMEOUT_MS);
      this.#waiting.set(key, { resolve, reject, timer });
    });
  }

  #read(text) {
    for (const frame of text.split('\0')) {
      const headEnd = frame.indexOf('\n\n');
      if (headEnd < 0) continue; // a heart-beat, or the line ends after a frame
      const [command, ...lines] = frame.slice(0, headEnd).trimStart().split('\n');
      const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
      const body = frame.slice(headEnd + 2);
      if (command === 'MESSAGE') this.#onMessage(headers, body);
      else if (command === 'ERROR') this.#end(failure(headers.get('code') ?? 'ERROR', headers.get('message') ?? body));
      else this.#settle(command === 'RECEIPT' ? headers.get('receipt-id') : command);
    }
  }

  #settle(key) {
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    clearTimeout(waiting.timer);
    waiting.resolve();
  }

  #end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    beating.delete(this);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#waiting.clear();
    this.#socket.terminate();
  }
}

/** Creates an error with a code, by which the kit counts failed operations. */
export function failure(code, message) {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

/** One timer for the heart-beats of all sessions. */
const beating = new Set();
setInterval(() => {
  for (const session of beating) session.beat();
}, HEART_BEAT_MS / 2).unref();
