import { constants } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Log } from '@sluice/plugin-api';
import { Addresses } from './addresses.js';
import { ClientSession } from './client-session.js';
import type { ServerContext } from './context.js';
import type { StompHandler } from './stomp-handler.js';
import { stompFail } from './failures.js';
import { Flusher } from './flusher.js';
import type { HeartBeat } from './heart-beat.js';
import { DEFAULT_LIMITS, KEEP_ALIVE_MS, type Limits } from './limits.js';
import { Register } from './register.js';
import { TcpTransport } from './tcp-transport.js';
import { Semaphore } from './semaphore.js';
import { acceptWebSockets, type HandleUpgrade } from './web-socket.js';
import { TimerWheel } from './timer-wheel.js';

export interface StompServerOptions {
  readonly handler: StompHandler;
  readonly log: Log;
  /** Absent: no plain TCP. Port 0: a free one. */
  readonly tcp?: { readonly host: string; readonly port: number };
  /** Absent: no TLS. Certificate chain and key in PEM. */
  readonly tls?: { readonly host: string; readonly port: number; readonly cert: string; readonly key: string };
  readonly limits?: Partial<Limits>;
  /** What this side offers to send and wants to hear, in milliseconds; default 10 s each. A client may want it rarer, or not at all. */
  readonly heartBeat?: HeartBeat;
}

export interface StompServer {
  /** Where it listens. */
  readonly tcpPort: number | undefined;
  readonly tlsPort: number | undefined;
  /** Connections, also of those who have not been let in yet. */
  readonly connections: number;
  /** The WebSocket door: whoever owns the HTTP server brings the requests for its path. */
  readonly handleUpgrade: HandleUpgrade;
  /** Takes nobody more, tells every client to come back later, and resolves when all connections have closed. */
  close(): Promise<void>;
}

const HEART_BEAT: HeartBeat = { send: 10_000, expect: 10_000 };

const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };

/** How exactly deadlines are kept. */
const TICK_MS = 100;

/** Clients that connect in the same moment, at nine in the morning; the kernel may allow fewer (`net.core.somaxconn`). */
const BACKLOG = 4096;

/** A STOMP 1.2 server over TCP, TLS and WebSocket for one desk. Rejects when a port cannot be listened at. */
export async function startStompServer(options: StompServerOptions): Promise<StompServer> {
  const context = makeContext(options);
  const { timers, connections } = context;
  const tcp = options.tcp && createServer(SOCKET_OPTIONS, (socket) => welcome(socket, context));
  const tls = options.tls && createTlsServer(options.tls, context);
  const timer = setInterval(() => timers.advance(), TICK_MS);
  const close = async () => {
    const closed = [tcp, tls].map(async (server) => server && closeServer(server));
    await connections.dismiss(stompFail.STOMP_STOPPING('the server is stopping'));
    await Promise.all(closed);
    clearInterval(timer);
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

function makeContext({ handler, log, heartBeat = HEART_BEAT, limits: given }: StompServerOptions): ServerContext {
  const limits = { ...DEFAULT_LIMITS, ...given };
  return {
    handler,
    log,
    limits,
    heartBeat,
    timers: new TimerWheel(TICK_MS),
    flusher: new Flusher(),
    authentications: new Semaphore(limits.authentications),
    addresses: new Addresses(limits),
    connections: new Register(),
    now: Date.now,
  };
}

function welcome(socket: Socket, context: ServerContext): void {
  new ClientSession(new TcpTransport(socket), context).start();
}

/** Not `tls.createServer`: that shows a client only after its handshake, and one that never ends it has to be counted and timed too. */
function createTlsServer({ cert, key }: { cert: string; key: string }, context: ServerContext): Server {
  // a client that asks for one handshake after the other would cost the server much and itself little
  const secureContext = createSecureContext({ cert, key, secureOptions: constants.SSL_OP_NO_RENEGOTIATION });
  return createServer(SOCKET_OPTIONS, (socket) => welcome(new TLSSocket(socket, { isServer: true, secureContext }), context));
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
