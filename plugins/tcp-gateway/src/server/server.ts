import { constants } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Clock, Log } from '@sluice/plugin-api';
import { Semaphore } from '@sluice/runtime';
import { Addresses } from './addresses.js';
import { ClientSession } from './client-session.js';
import type { ServerContext } from './context.js';
import type { StompHandler } from './stomp-handler.js';
import { stompFail } from './stomp-failures.js';
import { Flusher } from './flusher.js';
import type { HeartBeat } from './heart-beat.js';
import { DEFAULT_LIMITS, KEEP_ALIVE_MS, type Limits } from './limits.js';
import { Register } from './register.js';
import { TcpTransport } from './tcp-transport.js';
import { acceptWebSockets, type HandleUpgrade } from './web-socket.js';
import { TimerWheel } from './timer-wheel.js';

export interface StompServerOptions {
  readonly handler: StompHandler;
  readonly log: Log;
  readonly clock: Clock;
  /** Absent: no plain TCP. Port 0: a free one. */
  readonly tcp?: { readonly host: string; readonly port: number };
  /** Absent: no TLS. Certificate chain and key in PEM. */
  readonly tls?: { readonly host: string; readonly port: number; readonly cert: string; readonly key: string };
  readonly limits?: Partial<Limits>;
  /**
   * Heart-beat intervals that the server offers and expects, in milliseconds; default 10 s each. A client may request longer ones, or none.
   */
  readonly heartBeat?: HeartBeat;
}

export interface StompServer {
  /** Ports at which the server listens; undefined without the option. */
  readonly tcpPort: number | undefined;
  readonly tlsPort: number | undefined;
  /** Number of open connections, including those that have not completed CONNECT. */
  readonly connections: number;
  /** Takes over WebSocket upgrade requests. The owner of the HTTP server calls it for the path of the gateway. */
  readonly handleUpgrade: HandleUpgrade;
  /** Stops listening, ends every session with `STOMP_STOPPING`, and resolves once all connections have closed. */
  close(): Promise<void>;
}

const HEART_BEAT: HeartBeat = { send: 10_000, expect: 10_000 };

const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };

/** Precision of deadlines. */
const TICK_MS = 100;

/**
 * Connections that may wait to be accepted: all users connect at nine in the morning. The kernel may allow fewer (`net.core.somaxconn`).
 */
const BACKLOG = 4096;

/** Starts a STOMP 1.2 server over TCP, TLS and WebSocket. Rejects with the system error when it cannot listen at a port. */
export async function startStompServer(options: StompServerOptions): Promise<StompServer> {
  const context = makeContext(options);
  const { timers, connections } = context;
  const tcp = options.tcp && createServer(SOCKET_OPTIONS, (socket) => acceptSocket(socket, context));
  const tls = options.tls && createTlsServer(options.tls, context);
  const timer = options.clock.every(TICK_MS, () => timers.advance());
  const close = async () => {
    const closed = [tcp, tls].map(async (server) => server && closeServer(server));
    await connections.dismiss(stompFail.STOMP_STOPPING('the server is stopping'));
    await Promise.all(closed);
    timer.cancel();
  };
  try {
    if (tcp && options.tcp) await listen(tcp, options.tcp);
    if (tls && options.tls) await listen(tls, options.tls);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    tcpPort: tcp && portOf(tcp),
    tlsPort: tls && portOf(tls),
    get connections() {
      return connections.size;
    },
    handleUpgrade: acceptWebSockets(context),
    close,
  };
}

function makeContext({ handler, log, clock, heartBeat = HEART_BEAT, limits: given }: StompServerOptions): ServerContext {
  const limits = { ...DEFAULT_LIMITS, ...given };
  return {
    handler,
    log,
    limits,
    heartBeat,
    timers: new TimerWheel(TICK_MS, () => clock.monotonic()),
    flusher: new Flusher(),
    authentications: new Semaphore(limits.authentications),
    addresses: new Addresses(limits),
    connections: new Register(),
    now: () => clock.now(),
  };
}

function acceptSocket(socket: Socket, context: ServerContext): void {
  new ClientSession(new TcpTransport(socket), context).start();
}

/**
 * Creates a server whose connections are counted and timed from their first byte. `tls.createServer` would report a connection only after
 * its handshake, and a client may never finish that.
 */
function createTlsServer({ cert, key }: { cert: string; key: string }, context: ServerContext): Server {
  // each renegotiation costs the server far more than the client, so a client could overload the server with them
  const secureContext = createSecureContext({ cert, key, secureOptions: constants.SSL_OP_NO_RENEGOTIATION });
  return createServer(SOCKET_OPTIONS, (socket) =>
    acceptSocket(new TLSSocket(socket, { isServer: true, secureContext }), context),
  );
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
