import { stompFail } from './failures.js';
import type { Limits } from './limits.js';

/** A connection whose client has not been let in yet. */
export interface PendingSession {
  readonly address: string;
  /** Its token is being checked: it has sent a whole CONNECT. */
  readonly isAuthenticating: boolean;
  /** Ends the connection at once. */
  dismiss(reason: Error): void;
}

interface AddressSessions {
  connections: number;
  /** In the order in which they came. */
  readonly strangers: Set<PendingSession>;
}

/**
 * Connections by address, and what strangers may take of this host. Where strangers are too many, the one that has waited for the longest
 * time without a whole CONNECT is dismissed and the newcomer stays: silent connections cannot shut out other users of their address.
 */
export class Addresses {
  readonly #limits: Limits;
  readonly #crowds = new Map<string, AddressSessions>();
  readonly #strangers = new Set<PendingSession>();
  /** Bytes of a CONNECT that is not whole yet, by who sends it. */
  readonly #held = new Map<PendingSession, number>();
  #heldBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts a connection in. Throws `STOMP_TOO_MANY`; it is counted also then, until it leaves. */
  enter(stranger: PendingSession): void {
    const { address } = stranger;
    const crowd = this.#crowds.get(address) ?? { connections: 0, strangers: new Set() };
    this.#crowds.set(address, crowd);
    crowd.connections++;
    crowd.strangers.add(stranger);
    this.#strangers.add(stranger);
    const { connectionsPerAddress, strangersPerAddress, strangers } = this.#limits;
    if (crowd.connections > connectionsPerAddress) {
      throw stompFail.STOMP_TOO_MANY(`${address} has more than ${connectionsPerAddress} connections`);
    }
    if (crowd.strangers.size > strangersPerAddress) {
      this.#makeRoom(
        crowd.strangers,
        stranger,
        `${address} has more than ${strangersPerAddress} connections that were not let in yet`,
      );
    }
    if (this.#strangers.size > strangers) {
      this.#makeRoom(this.#strangers, stranger, `more than ${strangers} connections were not let in yet`);
    }
  }

  /** Counts bytes that a stranger has sent of a frame that is not whole yet. Where these are too many, the oldest of them go. */
  hold(stranger: PendingSession, bytes: number): void {
    this.#held.set(stranger, (this.#held.get(stranger) ?? 0) + bytes);
    this.#heldBytes += bytes;
    const { strangerBytes } = this.#limits;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= strangerBytes) return;
      this.#dismiss(oldest, `connections that were not let in yet have sent more than ${strangerBytes} bytes`);
    }
  }

  /** Its CONNECT is whole. */
  release(stranger: PendingSession): void {
    this.#heldBytes -= this.#held.get(stranger) ?? 0;
    this.#held.delete(stranger);
  }

  /** It is no stranger any more. */
  admit(stranger: PendingSession): void {
    this.release(stranger);
    this.#strangers.delete(stranger);
    this.#crowds.get(stranger.address)?.strangers.delete(stranger);
  }

  /** Once for each connection that has entered. */
  leave(connection: PendingSession): void {
    this.admit(connection);
    const crowd = this.#crowds.get(connection.address);
    if (!crowd) return;
    crowd.connections--;
    if (crowd.connections === 0) this.#crowds.delete(connection.address);
  }

  #makeRoom(strangers: Iterable<PendingSession>, newcomer: PendingSession, reason: string): void {
    for (const oldest of strangers) {
      if (oldest === newcomer || oldest.isAuthenticating) continue;
      return this.#dismiss(oldest, reason);
    }
    throw stompFail.STOMP_TOO_MANY(reason);
  }

  #dismiss(stranger: PendingSession, reason: string): void {
    this.admit(stranger);
    stranger.dismiss(stompFail.STOMP_TOO_MANY(reason));
  }
}
