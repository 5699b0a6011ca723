// The emulator of 1C as a separate process.
import { end, SLUICE, startNode } from './processes.mjs';

export class Emulator {
  #child;
  #origin;

  /** Starts an emulator that accepts `maxCalls` calls at once, each of which takes `latency`. */
  static async start({ maxCalls, latency }) {
    const emulator = new Emulator();
    const args = [SLUICE, 'emulate', 'onec', '--port', '0', '--max-calls', String(maxCalls), '--latency', latency];
    const { child, ready } = startNode(args);
    emulator.#child = child;
    emulator.#origin = /http:\/\/[\d.]+:\d+/.exec(String(await ready))[0];
    return emulator;
  }

  /** Address of a service that accepts any request. */
  get url() {
    return `${this.#origin}/bench/hs/orders`;
  }

  /** Returns the counters since the last reset. */
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
