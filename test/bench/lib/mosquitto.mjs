// Mosquitto as a rival: unicast with QoS 0, or with QoS 1, stored on disk, to clients that acknowledge. Implements the necessary part of MQTT 3.1.1:
// https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../libs/runtime/dist/index.js';
import { cpuSeconds, end } from './processes.mjs';

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
const subscribe = (topic, qos) => packet(8, 2, short(1), text(topic), Buffer.from([qos]));
const publish = (topic, qos, id, body) => packet(PUBLISH, qos << 1, text(topic), ...(qos > 0 ? [short(id)] : []), body);
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

/** A server with connected receivers, user0 and up. Its publisher is a client of this process. */
export class Mosquitto {
  #received = 0;

  constructor({ server, folder, port, qos }) {
    Object.assign(this, { server, folder, port, qos, sockets: [] });
  }

  /** Starts a server with `clients` receivers. With QoS 1 the server stores its state on the disk each second. */
  static async start(clients, { qos }) {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
    const config = path.join(folder, 'mosquitto.conf');
    const port = await freePort();
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'user root',
      'log_type none',
      'max_inflight_messages 0',
      'max_queued_messages 0',
      'set_tcp_nodelay true',
      ...(qos > 0 ? ['persistence true', 'autosave_interval 1', `persistence_location ${folder}/`] : ['persistence false']),
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const server = spawn('mosquitto', ['-c', config], { stdio: 'ignore' });
    const mosquitto = new Mosquitto({ server, folder, port, qos });
    try {
      await mosquitto.#listening();
      mosquitto.sockets.push(...(await Promise.all(Array.from({ length: clients }, (_, n) => mosquitto.#receiver(`user${n}`)))));
      return mosquitto;
    } catch (error) {
      await mosquitto.stop();
      throw error;
    }
  }

  /** Measures the time until the receivers have received all messages and, with QoS 1, the server has confirmed them. */
  async measure(clients, count) {
    this.#received = 0;
    const cpuBefore = cpuSeconds(this.server);
    const started = performance.now();
    const publisher = await this.#publishAll(clients, count);
    while (this.#received < count) await pause(1);
    const seconds = (performance.now() - started) / 1000;
    publisher.destroy();
    await pause(100);
    if (this.#received !== count) throw new Error(`${this.#received} messages arrived instead of ${count}`);
    return { count, seconds, cpuMicros: ((cpuSeconds(this.server) - cpuBefore) * 1e6) / count };
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await end(this.server, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #listening() {
    for (const until = Date.now() + PATIENCE_MS; ; await pause(50)) {
      const socket = connect(this.port, '127.0.0.1');
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
  #receiver(user) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1').setNoDelay(true);
      socket.once('error', reject);
      new Client(socket, (type, body) => {
        if (type === CONNACK) socket.write(subscribe(`u/${user}`, this.qos));
        if (type === SUBACK) resolve(socket);
        if (type !== PUBLISH) return;
        this.#received++;
        if (this.qos > 0) socket.write(confirm(body.readUInt16BE(2 + body.readUInt16BE(0))));
      });
      socket.write(hello(user));
    });
  }

  /** Publishes all messages; resolves with the publisher when the server has confirmed them, or, with QoS 0, has read most of them. */
  #publishAll(clients, messages) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1').setNoDelay(true);
      socket.once('error', reject);
      let [sent, confirmed] = [0, 0];
      const room = () => (this.qos > 0 ? sent - confirmed : sent - this.#received) < WINDOW;
      const sendMore = () => {
        socket.cork();
        while (sent < messages && room()) {
          const user = `user${sent % clients}`;
          const body = JSON.stringify({ event: 'bench', user, n: sent, text: 'x'.repeat(150) });
          socket.write(publish(`u/${user}`, this.qos, (sent++ % 65_535) + 1, Buffer.from(body)));
        }
        socket.uncork();
        if (this.qos > 0) return;
        if (sent === messages) return resolve(socket);
        setImmediate(sendMore); // no confirms: the receivers of this process make room
      };
      new Client(socket, (type) => {
        if (type === PUBACK) confirmed++;
        if (type === PUBACK || type === CONNACK) sendMore();
        if (confirmed === messages) resolve(socket);
      });
      socket.write(hello('publisher'));
    });
  }
}
