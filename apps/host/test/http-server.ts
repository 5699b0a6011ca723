import { connect, type Socket } from 'node:net';
import type { EventIngress } from '@sluice/engine';
import type { Issuer } from '@sluice/flow';
import { MemoryLog } from '@sluice/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { HttpIngress } from '../src/http/http-ingress.js';
import { httpLimits, serverTimeouts, type HttpLimits } from '../src/http/http-limits.js';
import { sendProblem } from '../src/http/send-problem.js';
import { serverErrors } from '../src/http/server-errors.js';
import { signOperatorToken, Tokens } from '../src/tokens.js';

export const SECRET = 'o'.repeat(32);
export const EVENT_LIMIT = 4 * 1_024 * 1_024;

/** The HTTP part of a host on a free port of loopback. It discards events. */
export class HttpServer {
  readonly sockets: ClientSocket[] = [];

  private constructor(
    readonly ingress: HttpIngress,
    readonly port: number,
    /** The published events. */
    readonly events: readonly object[],
    private readonly server: FastifyInstance,
  ) {}

  static async start(limits: Partial<HttpLimits> = {}, issuers: readonly Issuer[] = []): Promise<HttpServer> {
    const all = { ...httpLimits(EVENT_LIMIT), ...limits };
    const events: object[] = [];
    const door = {
      publish: (event: object) => {
        events.push(event);
        return Promise.resolve({ id: 'event-1' });
      },
    } as unknown as EventIngress;
    const log = new MemoryLog();
    const onRefused = () => undefined;
    const mask = (text: string) => text;
    const tokens = new Tokens(SECRET, issuers);
    const ingress = new HttpIngress({ limitBytes: EVENT_LIMIT, limits: all, log, mask, onRefused, tokens, ingress: () => door });
    const server = Fastify({ ...serverTimeouts(all), ...serverErrors({ log, mask, onRefused }), bodyLimit: EVENT_LIMIT });
    // same as the filter of the host
    server.setErrorHandler((error, _request, reply) => sendProblem(reply, error, { log, mask, onRefused }));
    await ingress.install(server);
    server.post('/api/import', () => ({ taken: true }));
    server.post('/api/registrations', { config: { withoutToken: true } }, () => ({ taken: true }));
    server.post('/hook', () => ({ taken: true }));
    await server.listen({ port: 0, host: '127.0.0.1' });
    ingress.open();
    return new HttpServer(ingress, (server.server.address() as { port: number }).port, events, server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Opens a connection and sends the beginning of a request. */
  async send(text: string): Promise<ClientSocket> {
    const socket = connect(this.port, '127.0.0.1');
    const client = new ClientSocket(socket);
    this.sockets.push(client);
    await client.connected;
    socket.write(text);
    return client;
  }

  async close(): Promise<void> {
    for (const { socket } of this.sockets) socket.destroy();
    await this.server.close();
  }
}

export class ClientSocket {
  received = '';
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString()));
    this.connected = new Promise((resolve) => socket.once('connect', resolve));
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Status code of the first response, once it has arrived. */
  get status(): number | undefined {
    const [, code] = /^HTTP\/1\.1 (\d+)/.exec(this.received) ?? [];
    return code === undefined ? undefined : Number(code);
  }
}

/** Returns the head of a POST of JSON, without its final empty line when `more` follows. */
export function head(path: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ host: 'test', 'content-type': 'application/json', ...headers });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

export const operatorToken = (scope = 'events:write', sub = 'me') => signOperatorToken(SECRET, { sub, scope, ttlMs: 3_600_000 });
