// The programs of the desktop benches, each a server process with connected clients of this process.
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../libs/runtime/dist/index.js';
import { BARE, Crowd, stomp, WEB_SOCKET } from './desktop-crowd.mjs';
import { cpuSeconds, end, RIVALS, startNode } from './processes.mjs';

export const CLIENTS = 2_000;
const GATEWAY = fileURLToPath(new URL('desktop-gateway.mjs', import.meta.url));

/** Returns the recipients of `count` events, in turn over all clients. */
export const users = (prefix, count) => Array.from({ length: count }, (_, n) => `${prefix}user${n % CLIENTS}`);

/** A server process and the clients that are connected to it. */
class Side {
  constructor(child, crowd, connectMs, database) {
    Object.assign(this, { child, crowd, connectMs, database });
  }

  /** Measures the time from the order until the clients have received all frames, each once. */
  async measure(order, count) {
    const cpuBefore = this.#cpu();
    const started = performance.now();
    const received = this.crowd.receive(count);
    const told = ask(this.child, order);
    await received;
    const seconds = (performance.now() - started) / 1000;
    await told;
    // acknowledgements that are still on their way belong to the work
    await pause(100);
    if (this.crowd.received !== count) throw new Error(`${this.crowd.received} frames arrived instead of ${count}`);
    const micros = this.#cpu().map((cpu, n) => ((cpu - cpuBefore[n]) * 1e6) / count);
    return { count, seconds, cpuMicros: micros[0] + micros[1], serverMicros: micros[0], databaseMicros: micros[1] };
  }

  /** Returns the processor time of the server and of its database. */
  #cpu() {
    return [cpuSeconds(this.child), this.database ? cpuSeconds(this.database, { tree: true }) : 0];
  }

  async stop() {
    this.crowd.leave();
    await end(this.child, 'SIGKILL');
  }
}

export async function ask(child, order) {
  child.send(order);
  const [answer] = await once(child, 'message');
  return answer;
}

/** Starts the gateway. `nodeArgs`: arguments of Node, for profiles. */
export async function startGateway(url, config = {}, nodeArgs = []) {
  const { child, ready } = startNode([...nodeArgs, '--expose-gc', GATEWAY, url, JSON.stringify(config)], { ipc: true });
  const { port } = await ready;
  return { child, port };
}

/** @param database the server of the mailbox, whose processor time counts too. */
export async function gatewaySide(database, options = {}) {
  const { child, port } = await startGateway(database.url);
  const { crowd, connectMs } = await Crowd.gather(port, CLIENTS, stomp(await ask(child, { tokens: CLIENTS }), options));
  return new Side(child, crowd, connectMs, database);
}

export const plainSide = () => rivalSide('plain-sockets.mjs', BARE);
export const webSocketSide = () => rivalSide('plain-web-sockets.mjs', WEB_SOCKET);

/** Starts a program of `rivals/`. */
export async function startRival(program, nodeArgs = []) {
  const port = await freePort();
  const { child, ready } = startNode([...nodeArgs, path.join(RIVALS, program), String(port)], { ipc: true });
  await ready;
  return { child, port };
}

async function rivalSide(program, protocol) {
  const { child, port } = await startRival(program);
  const { crowd, connectMs } = await Crowd.gather(port, CLIENTS, protocol);
  return new Side(child, crowd, connectMs);
}
