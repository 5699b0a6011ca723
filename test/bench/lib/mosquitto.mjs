// Mosquitto for comparison: unicast with QoS 1, stored on disk, to clients that acknowledge. Implements the necessary part of MQTT 3.1.1:
// https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { end } from './processes.mjs';

const PORT = 41_883;
/** Time for the server to start, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Maximum number of published and unconfirmed events, enough to keep the server busy. */
const WINDOW = 1_000;
const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;

/** Encodes packets with their type in the upper four bits; a text is preceded by its length, as in MQTT. */
const packet = (type, flags, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(type << 4) | flags]), lengthOf(body.length), body]);
};
const short = (number) => Buffer.from([number >> 8, number & 0xff]);
const text = (value) => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)]);
const hello = (id) => packet(1, 0, text('MQTT'), Buffer.from([4, 0]), short(0), text(id));
const subscribe = (topic) => packet(8, 2, short(1), text(topic), Buffer.from([1]));
const publish = (topic, id, body) => packet(PUBLISH, 2, text(topic), short(id), body);
const confirm = (id) => packet(PUBACK, 0, short(id));

function lengthOf(length) {
  const bytes = [];
  for (let rest = length; ; rest = rest >> 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}

/** A connection whose packets are passed to `take`. */
class Client {
  #rest = Buffer.alloc(0);

  constructor(socket, take) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => this.#read(bytes, take));
  }

  #read(bytes, take) {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let at = 0;
    for (;;) {
      let [length, shift, next] = [0, 0, at + 1];
      while (next < all.length && all[next] > 127) {
        length += (all[next++] & 127) << shift;
        shift += 7;
      }
      if (next >= all.length) break;
      length += all[next++] << shift;
      if (next + length > all.length) break;
      take(all[at] >> 4, all.subarray(next, next + length));
      at = next + length;
    }
    this.#rest = all.subarray(at);
  }
}

/** Returns whether Mosquitto is installed. */
export const hasMosquitto = () => spawnSync('mosquitto', ['-h']).error === undefined;

/**
 * Returns events per second from one publisher to `clients`, until the server has confirmed and the receivers have acknowledged each event.
 */
export async function measureMosquitto(clients, messages) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
  const config = path.join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${PORT} 127.0.0.1`,
    'allow_anonymous true',
    'user root',
    'log_type none',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'persistence true',
    'autosave_interval 1',
    `persistence_location ${folder}/`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const server = spawn('mosquitto', ['-c', config], { stdio: 'ignore' });
  const sockets = [];
  try {
    await listening();
    let received = 0;
    const receivers = Array.from({ length: clients }, (_, n) => receiver(`user${n}`, () => received++));
    sockets.push(...(await Promise.all(receivers)));
    const started = performance.now();
    sockets.push(await publishAll(clients, messages));
    while (received < messages) await pause(5);
    return messages / ((performance.now() - started) / 1000);
  } finally {
    for (const socket of sockets) socket.destroy();
    await end(server, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listening() {
  for (const until = Date.now() + PATIENCE_MS; ; await pause(50)) {
    const socket = connect(PORT, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    } finally {
      socket.destroy();
    }
  }
}

/** Connects a receiver; resolves when it is subscribed. */
function receiver(user, count) {
  return new Promise((resolve, reject) => {
    const socket = connect(PORT, '127.0.0.1').setNoDelay(true);
    socket.once('error', reject);
    new Client(socket, (type, body) => {
      if (type === CONNACK) socket.write(subscribe(`u/${user}`));
      if (type === SUBACK) resolve(socket);
      if (type !== PUBLISH) return;
      count();
      socket.write(confirm(body.readUInt16BE(2 + body.readUInt16BE(0))));
    });
    socket.write(hello(user));
  });
}

/** Publishes all messages; resolves when the server has confirmed them. */
function publishAll(clients, messages) {
  return new Promise((resolve, reject) => {
    const socket = connect(PORT, '127.0.0.1').setNoDelay(true);
    socket.once('error', reject);
    let [sent, confirmed] = [0, 0];
    const sendMore = () => {
      socket.cork();
      while (sent < messages && sent - confirmed < WINDOW) {
        const user = `user${sent % clients}`;
        const body = JSON.stringify({ event: 'bench', user, n: sent, text: 'x'.repeat(150) });
        socket.write(publish(`u/${user}`, (sent++ % 65_535) + 1, Buffer.from(body)));
      }
      socket.uncork();
    };
    new Client(socket, (type) => {
      if (type === PUBACK) confirmed++;
      if (type === PUBACK || type === CONNACK) sendMore();
      if (confirmed === messages) resolve(socket);
    });
    socket.write(hello('publisher'));
  });
}
