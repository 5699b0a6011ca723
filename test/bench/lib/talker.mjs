// Desktop clients that send and receive: each SEND returns as a MESSAGE, which the client acknowledges.
import { once } from 'node:events';
import { connect } from 'node:net';

const ACK_HEADER = /\nack:(\d+)\n/;

export class Talker {
  /** Number of events that were sent and have not returned yet. */
  waiting = 0;
  #socket;
  #user;
  #hears;
  #leftOver = '';

  constructor(socket, user, hears) {
    this.#socket = socket;
    this.#user = user;
    this.#hears = hears;
  }

  /** Resolves when the client is connected and subscribed. `heard` is called with the data of each MESSAGE, `failed` with an ERROR. */
  static async connect(port, user, token, { heard, failed }) {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    await once(socket, 'connect');
    const talker = new Talker(socket, user, { heard, failed });
    socket.write(
      `CONNECT\naccept-version:1.2\nlogin:${user}\npasscode:${token}\n\n\0` +
        'SUBSCRIBE\nid:0\ndestination:/user/events\nack:client-individual\nreceipt:in\n\n\0',
    );
    await new Promise((resolve, reject) => socket.once('error', reject).on('data', (text) => talker.#read(text, resolve)));
    return talker;
  }

  say(number, at) {
    this.waiting++;
    const body = JSON.stringify({ user: this.#user, number, at, text: 'x'.repeat(150) });
    this.#socket.write(`SEND\ndestination:/events/bench.said\ncontent-type:application/json\n\n${body}\0`);
  }

  leave() {
    this.#socket.destroy();
  }

  #read(text, isIn) {
    const frames = (this.#leftOver + text).split('\0');
    this.#leftOver = frames.pop();
    let acks = '';
    for (const frame of frames) {
      const command = frame.trimStart().split('\n', 1)[0];
      if (command === 'RECEIPT') isIn();
      if (command === 'ERROR') this.#hears.failed(new Error(frame));
      if (command !== 'MESSAGE') continue;
      acks += `ACK\nid:${ACK_HEADER.exec(frame)[1]}\n\n\0`;
      this.waiting--;
      this.#hears.heard(JSON.parse(frame.slice(frame.indexOf('\n\n') + 2)));
    }
    if (acks) this.#socket.write(acks);
  }
}
