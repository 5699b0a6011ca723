// Sluice as the load kit sees it: a host on the workspace `conversations`, and its clients.
import { BenchHost } from '../../bench/lib/host.mjs';
import { PROBE, Probed } from './probed.mjs';
import { SluiceClients } from './sluice-client.mjs';

export class SluiceSide extends SluiceClients {
  #host;

  /** @param {Record<string, string>} env URLs of the servers that the host uses */
  constructor(env) {
    const host = new BenchHost('conversations', { env: { ...env, ...PROBE } });
    super(
      () => [host.url],
      (sub, scope) => host.token({ sub, scope }),
    );
    this.#host = host;
  }

  async start() {
    await this.#host.start();
    this.process = new Probed(this.#host.process);
  }

  /** Starts the host anew, with the memory of a fresh process. */
  async restart() {
    await this.#host.stop();
    await this.start();
  }

  async stop() {
    await this.close();
    await this.#host.remove();
  }
}
