import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Bounds of open connections on which no request with a valid token has arrived yet. */
export interface ConnectionLimits {
  readonly perAddress: number;
  readonly total: number;
}

/**
 * Limits the number of unauthenticated connections. Above the limit the oldest is closed: an honest client has sent its request earlier,
 * so an attacker who only holds connections open displaces only his own, even where both share one address.
 */
export class UnauthenticatedConnections {
  readonly #all = new Set<Socket>();
  readonly #byAddress = new Map<string, Set<Socket>>();

  constructor(private readonly limits: ConnectionLimits) {}

  /** Counts the connections that the server accepts from now on. A connection that is upgraded is counted by its new protocol. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.on('upgrade', (_request, socket) => this.know(socket as Socket));
  }

  /** Stops counting the connection after a valid token has arrived on it. */
  know(socket: Socket): void {
    if (!this.#all.delete(socket)) return;
    const address = socket.remoteAddress ?? '';
    const same = this.#byAddress.get(address);
    same?.delete(socket);
    if (same?.size === 0) this.#byAddress.delete(address);
  }

  #add(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined) return; // the connection is already closed
    const same = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, same.add(socket));
    this.#all.add(socket);
    // `remoteAddress` is lost with the connection
    socket.once('close', () => {
      this.#all.delete(socket);
      same.delete(socket);
      if (same.size === 0 && this.#byAddress.get(address) === same) this.#byAddress.delete(address);
    });
    if (same.size > this.limits.perAddress) this.#evictOldest(same);
    if (this.#all.size > this.limits.total) this.#evictOldest(this.#all);
  }

  #evictOldest(sockets: ReadonlySet<Socket>): void {
    const [oldest] = sockets;
    if (!oldest) return;
    this.know(oldest);
    oldest.destroy();
  }
}
