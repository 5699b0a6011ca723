import { stompFail } from './stomp-failures.js';
import type { Limits } from './limits.js';

/** A connection whose client has not completed CONNECT: it has sent no whole CONNECT frame yet, or its token is being verified. */
export interface PendingSession {
  readonly address: string;
  /** True while the token of a whole CONNECT frame is being verified. */
  readonly isAuthenticating: boolean;
  /** Sends the reason as an ERROR frame and closes the connection at once. */
  dismiss(reason: Error): void;
}

interface AddressSessions {
  connections: number;
  /** Oldest first. */
  readonly pending: Set<PendingSession>;
}

/**
 * Counts connections per address and limits the connections that have not completed CONNECT. At the limit it closes the oldest connection
 * without a whole CONNECT frame and keeps the new one, so that silent connections cannot lock out other users of their address.
 */
export class Addresses {
  readonly #limits: Limits;
  readonly #byAddress = new Map<string, AddressSessions>();
  readonly #pending = new Set<PendingSession>();
  /** Bytes of an incomplete CONNECT frame, by connection. */
  readonly #held = new Map<PendingSession, number>();
  #heldBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Counts a new connection. A rejected connection is counted too, until {@link leave}.
   *
   * @throws `STOMP_TOO_MANY`
   */
  enter(newcomer: PendingSession): void {
    const { address } = newcomer;
    const sessions = this.#byAddress.get(address) ?? { connections: 0, pending: new Set() };
    this.#byAddress.set(address, sessions);
    sessions.connections++;
    sessions.pending.add(newcomer);
    this.#pending.add(newcomer);
    const { connectionsPerAddress, strangersPerAddress, strangers } = this.#limits;
    if (sessions.connections > connectionsPerAddress) {
      throw stompFail.STOMP_TOO_MANY(`${address} has more than ${connectionsPerAddress} connections`);
    }
    if (sessions.pending.size > strangersPerAddress) {
      const reason = `${address} has more than ${strangersPerAddress} connections that have not completed CONNECT`;
      this.#dismissOldest(sessions.pending, newcomer, reason);
    }
    if (this.#pending.size > strangers) {
      this.#dismissOldest(this.#pending, newcomer, `more than ${strangers} connections have not completed CONNECT`);
    }
  }

  /**
   * Counts bytes of an incomplete CONNECT frame. Above the limit for all connections it closes those that hold bytes for the longest time.
   */
  hold(session: PendingSession, bytes: number): void {
    this.#held.set(session, (this.#held.get(session) ?? 0) + bytes);
    this.#heldBytes += bytes;
    const { strangerBytes } = this.#limits;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= strangerBytes) return;
      this.#dismiss(oldest, `connections that have not completed CONNECT have sent more than ${strangerBytes} bytes`);
    }
  }

  /** Stops counting the bytes of a connection whose CONNECT frame is whole. */
  release(session: PendingSession): void {
    this.#heldBytes -= this.#held.get(session) ?? 0;
    this.#held.delete(session);
  }

  /** Counts the connection as admitted: the limits for pending connections no longer apply to it. */
  admit(session: PendingSession): void {
    this.release(session);
    this.#pending.delete(session);
    this.#byAddress.get(session.address)?.pending.delete(session);
  }

  /** Stops counting a closed connection. To be called once per {@link enter}. */
  leave(session: PendingSession): void {
    this.admit(session);
    const sessions = this.#byAddress.get(session.address);
    if (!sessions) return;
    sessions.connections--;
    if (sessions.connections === 0) this.#byAddress.delete(session.address);
  }

  /** Closes the oldest connection that waits for its CONNECT. Throws if every other connection is being authenticated. */
  #dismissOldest(pending: Iterable<PendingSession>, newcomer: PendingSession, reason: string): void {
    for (const oldest of pending) {
      if (oldest === newcomer || oldest.isAuthenticating) continue;
      return this.#dismiss(oldest, reason);
    }
    throw stompFail.STOMP_TOO_MANY(reason);
  }

  #dismiss(session: PendingSession, reason: string): void {
    this.admit(session);
    session.dismiss(stompFail.STOMP_TOO_MANY(reason));
  }
}
