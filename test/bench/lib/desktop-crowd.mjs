// Desktop clients with as little work as possible, so that they cost both programs the same: they count frames and do not parse them.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

const NUL = 0;
const LINE_FEED = 0x0a;
const ACK_HEADER = /\nack:(\d+)\n/g;

/**
 * Protocols of the clients: the greeting, the number of frames that answer it, the counter of the frames that end in a piece of bytes, one per
 * client, and the acknowledgement.
 */
export const BARE = { hello: (user) => `HELLO ${user}\n`, welcome: 1, counter: () => endsOf(LINE_FEED) };
export const stomp = (tokens, { acknowledges = false } = {}) => ({
  hello: (user, n) =>
    `CONNECT\naccept-version:1.2\nlogin:${user}\npasscode:${tokens[n]}\n\n\0` +
    `SUBSCRIBE\nid:0\ndestination:/user/events\nack:${acknowledges ? 'client-individual' : 'auto'}\n\n\0` +
    'SUBSCRIBE\nid:1\ndestination:/topic/bench\nreceipt:in\n\n\0',
  welcome: 2,
  counter: () => endsOf(NUL),
  ...(acknowledges && { answer: acknowledge }),
});

/** The answer to the upgrade counts as a frame. */
export const WEB_SOCKET = {
  hello: (user) =>
    Buffer.concat([
      Buffer.from(
        'GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      ),
      // a text of up to 125 bytes, with a mask of zeros
      Buffer.from([0x81, 0x80 | `HELLO ${user}`.length, 0, 0, 0, 0]),
      Buffer.from(`HELLO ${user}`),
    ]),
  welcome: 2,
  counter: webSocketFrames,
};

function endsOf(end) {
  return (bytes) => {
    let frames = 0;
    for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 1)) frames++;
    return frames;
  };
}

/** Counts frames of a server, https://datatracker.ietf.org/doc/html/rfc6455#section-5.2: without a mask, shorter than 64 KiB. */
function webSocketFrames() {
  let rest = Buffer.alloc(0);
  let upgraded = false;
  return (piece) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    let [at, frames] = [0, 0];
    if (!upgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) [at, frames, upgraded] = [end + 4, 1, true];
    }
    while (upgraded && at + 4 <= bytes.length) {
      const next = bytes[at + 1] === 126 ? at + 4 + bytes.readUInt16BE(at + 2) : at + 2 + bytes[at + 1];
      if (next > bytes.length) break;
      [at, frames] = [next, frames + 1];
    }
    rest = bytes.subarray(at);
    return frames;
  };
}

/** Returns an ACK for each delivery in these bytes. `leftOver` is the incomplete end of the previous bytes. */
function acknowledge(bytes, leftOver) {
  const text = leftOver + bytes.toString('latin1');
  let acks = '';
  for (const [, id] of text.matchAll(ACK_HEADER)) acks += `ACK\nid:${id}\n\n\0`;
  const lastFrame = text.lastIndexOf('\0') + 1;
  const rest = text.slice(lastFrame);
  // a complete header in the rest has already been acknowledged
  return { acks, leftOver: rest.replace(ACK_HEADER, '\n') };
}

/** Clients of one server, connected at the same time. */
export class Crowd {
  #sockets = [];
  #received = 0;
  #wanted = Infinity;
  #enough = () => {};

  /** Connects `count` clients, user0 and up. Resolves with the crowd and the milliseconds until the last client was connected. */
  static async gather(port, count, manners, host = '127.0.0.1') {
    const crowd = new Crowd();
    const started = performance.now();
    await Promise.all(Array.from({ length: count }, (_, n) => crowd.#add(port, host, `user${n}`, n, manners)));
    return { crowd, connectMs: performance.now() - started };
  }

  /** Resolves when `count` more frames have arrived. */
  async receive(count) {
    this.#received = 0;
    this.#wanted = count;
    await new Promise((resolve) => (this.#enough = resolve));
    this.#wanted = Infinity;
  }

  /** Number of frames since the last call of `receive`. */
  get received() {
    return this.#received;
  }

  leave() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #add(port, host, user, n, { hello, welcome, counter, answer, secure = false }) {
    const framesIn = counter();
    const socket = secure ? connectSecurely({ port, host, rejectUnauthorized: false }) : connect(port, host).setNoDelay(true);
    this.#sockets.push(socket);
    let missing = welcome;
    let leftOver = '';
    const isIn = new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('data', (bytes) => {
        const frames = framesIn(bytes);
        if (missing > 0) {
          missing -= frames;
          if (missing <= 0) resolve();
          return;
        }
        this.#count(frames);
        if (!answer) return;
        const answered = answer(bytes, leftOver);
        leftOver = answered.leftOver;
        if (answered.acks) socket.write(answered.acks);
      });
    });
    await once(socket, secure ? 'secureConnect' : 'connect');
    socket.write(hello(user, n));
    await isIn;
  }

  #count(frames) {
    this.#received += frames;
    if (this.#received >= this.#wanted) this.#enough();
  }
}
