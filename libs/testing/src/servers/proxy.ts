import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A TCP proxy between a host and a server, with which a test simulates a broken network. */
export interface Proxy {
  readonly port: number;
  /** Returns the number of connected clients. */
  connections(): number;
  /** Cuts all connections and refuses new ones. */
  cut(): void;
  /** Holds back the bytes that clients send from now on. Resolves when a client has sent something. */
  hold(): Promise<void>;
  /** Accepts connections again, and forwards the bytes that were held back. */
  mend(): void;
  /** Cuts all connections and stops the proxy. */
  close(): Promise<void>;
}

/** Opens a proxy on loopback to the port `target` of loopback. */
export async function openProxy(target: number): Promise<Proxy> {
  const clients = new Set<Socket>();
  const dam = new PausableRelay();
  let whole = true;
  const server = createServer((client) => {
    if (!whole) return void client.resetAndDestroy();
    const upstream = connect(target, '127.0.0.1');
    clients.add(client);
    client.on('close', () => clients.delete(client));
    endTogether(client, upstream);
    client.pipe(dam.gate()).pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    whole = false;
    for (const client of clients) client.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => clients.size,
    cut,
    hold: () => dam.shut(),
    mend: () => {
      whole = true;
      dam.open();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Holds back the bytes that pass its gates while it is shut. */
class PausableRelay {
  #held: (() => void)[] | undefined;
  #came = (): void => undefined;

  gate(): Transform {
    return new Transform({
      transform: (chunk, _encoding, pass) => {
        if (!this.#held) return pass(null, chunk);
        this.#held.push(() => pass(null, chunk));
        this.#came();
      },
    });
  }

  shut(): Promise<void> {
    this.#held ??= [];
    return new Promise((resolve) => (this.#came = resolve));
  }

  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }
}

function endTogether(one: Socket, other: Socket): void {
  for (const [socket, opposite] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.setNoDelay(true);
    // resets are expected; `close` follows
    socket.on('error', () => undefined);
    socket.on('close', () => opposite.destroy());
  }
}
