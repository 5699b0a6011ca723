// A stand-in for 1C as a process of its own.
import { end, SLUICE, startNode } from './processes.mjs';

export class Emulator {
  #child;
  #origin;

  /** Bears so many calls at once, and each takes so long. */
  static async start({ maxCalls, latency }) {
    const emulator = new Emulator();
    const args = [SLUICE, 'emulate', 'onec', '--port', '0', '--max-calls', String(maxCalls), '--latency', latency];
    const { child, ready } = startNode(args);
    emulator.#child = child;
    emulator.#origin = /http:\/\/[\d.]+:\d+/.exec(String(await ready))[0];
    return emulator;
  }

  /** Address of a service that takes whatever it is sent. */
  get url() {
    return `${this.#origin}/bench/hs/orders`;
  }

  /** What it has counted since the last reset. */
  async stats() {
    return (await fetch(`${this.#origin}/__stats`)).json();
  }

  async reset() {
    await fetch(`${this.#origin}/__reset`, { method: 'POST' });
  }

  stop() {
    return end(this.#child);
  }
}
