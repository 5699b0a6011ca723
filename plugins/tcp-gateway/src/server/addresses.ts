import { stompFail } from './failures.js';
import type { Limits } from './limits.js';

interface Crowd {
  connections: number;
  strangers: number;
}

/** Who is here, by address: one machine alone cannot fill the house. */
export class Addresses {
  readonly #limits: Limits;
  readonly #crowds = new Map<string, Crowd>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts a connection in. Throws `STOMP_TOO_MANY`; it is counted also then, until it leaves. */
  enter(address: string): void {
    const crowd = this.#crowds.get(address) ?? { connections: 0, strangers: 0 };
    this.#crowds.set(address, crowd);
    crowd.connections++;
    crowd.strangers++;
    const { connectionsPerAddress, strangersPerAddress } = this.#limits;
    if (crowd.connections > connectionsPerAddress) {
      throw stompFail.STOMP_TOO_MANY(`${address} has more than ${connectionsPerAddress} connections`);
    }
    if (crowd.strangers > strangersPerAddress) {
      throw stompFail.STOMP_TOO_MANY(`${address} has more than ${strangersPerAddress} connections that were not let in yet`);
    }
  }

  letIn(address: string): void {
    const crowd = this.#crowds.get(address);
    if (crowd) crowd.strangers--;
  }

  leave(address: string, stranger: boolean): void {
    const crowd = this.#crowds.get(address);
    if (!crowd) return;
    crowd.connections--;
    if (stranger) crowd.strangers--;
    if (crowd.connections === 0) this.#crowds.delete(address);
  }
}
