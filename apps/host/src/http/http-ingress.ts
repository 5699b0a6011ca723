import { validateHeaderName, validateHeaderValue, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  engineFail,
  parseBody,
  parseQuery,
  refuseEncoded,
  sourceOf,
  type Bearer,
  type NewEvent,
  type Reply,
  type UpgradeRegistrar,
  type Upgrade,
  writeBody,
} from '@sluice/plugin-api';
import type { EventIngress } from '@sluice/engine';
import { hostFail } from '../failures.js';
import { requireEndpoint, requireEventType, requireScope, type Tokens } from '../tokens.js';
import { BodyBudget, type BodyReservation } from './body-budget.js';
import type { HttpLimits } from './http-limits.js';
import { RouteTable, type Route } from './route-table.js';
import { entryPointOf, sendProblem, type ProblemTools } from './send-problem.js';
import { installStreamedBodies, isStreamed } from './streamed-bodies.js';
import { UnauthenticatedConnections } from './unauthenticated-connections.js';

const CE_ATTRIBUTES = ['subject', 'correlationid', 'partitionkey'] as const;
/** Headers for the host that are not passed to flows. */
const HIDDEN_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

const EVENTS = '/events/:type';
/** Prefixes of the paths that plugins serve through `UpgradeRegistrar`. */
const ENDPOINTS = ['/in/*', '/mailbox/*', '/mailboxes', '/desktops'];
const OWN_ROUTES: ReadonlySet<string | undefined> = new Set([EVENTS, ...ENDPOINTS]);
/** Methods whose bodies are never read. */
const BODYLESS = new Set(['GET', 'HEAD']);

/** The part of the decision about a request that was made before its body was read. */
interface Admission {
  readonly sender: Bearer | undefined;
  readonly endpoint?: { readonly route: Route; readonly path: string; readonly params: Readonly<Record<string, string>> };
}

export interface HttpIngressOptions extends ProblemTools {
  readonly limitBytes: number;
  readonly limits: HttpLimits;
  readonly tokens: Tokens;
  /** Set later, because the engine is created after the ingress. */
  readonly ingress: () => EventIngress;
}

/**
 * The HTTP entry points: `POST /events/<type>` for the bus, `/in/…` for endpoints of flows, upgrades for a gateway. An event is answered
 * after the confirm of the broker, without waiting for 1C; without a confirm it is answered with 503, never with 202.
 */
export class HttpIngress implements UpgradeRegistrar {
  readonly #routes = new RouteTable();
  readonly #upgrades = new Map<string, Upgrade>();
  readonly #admitted = new WeakMap<FastifyRequest, Admission>();
  readonly #reserved = new WeakMap<FastifyRequest, BodyReservation>();
  readonly #strangers: UnauthenticatedConnections;
  readonly #strangersBodies: BodyBudget;
  readonly #bodies: BodyBudget;
  #open = false;

  constructor(private readonly options: HttpIngressOptions) {
    this.#strangers = new UnauthenticatedConnections(options.limits.strangers);
    this.#strangersBodies = new BodyBudget(options.limits.strangersBodies);
    this.#bodies = new BodyBudget(options.limits.bodies);
  }

  /** Starts accepting events. */
  open(): void {
    this.#open = true;
  }

  /** Stops accepting events: every request is answered with 503. */
  close(): void {
    this.#open = false;
  }

  http: UpgradeRegistrar['http'] = (route, handle) => this.#routes.add({ ...route, handle });

  upgrade: UpgradeRegistrar['upgrade'] = (path, take) => {
    if (this.#upgrades.has(path)) throw new Error(`${path} is taken by another connection`);
    this.#upgrades.set(path, take);
    return () => void this.#upgrades.delete(path);
  };

  /**
   * Adds the routes to the server. Bodies arrive as bytes, because this class decides on their type. On every route of the server,
   * including those added later, the token is verified and the size is reserved before the body is read.
   */
  async install(server: FastifyInstance): Promise<void> {
    this.#strangers.watch(server.server);
    server.addHook('onSend', async (_request, reply) => {
      if (!reply.hasHeader('x-content-type-options')) reply.header('x-content-type-options', 'nosniff');
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    });
    server.addHook('preValidation', async (request) => {
      // the body is complete now
      if (Buffer.isBuffer(request.body)) this.#reserved.get(request)?.shrinkTo(request.body.length);
    });
    await server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: this.options.limitBytes }, (_request, body, done) =>
        done(null, body),
      );
      scope.setErrorHandler((error, _request, reply) =>
        sendProblem(reply, fromFastify(error, this.options.limitBytes), this.options),
      );
      scope.post(EVENTS, { onRequest: this.#admitting((request) => this.#admitEvent(request)) }, (request, reply) =>
        this.#answered(reply, () => this.#event(request)),
      );
      const onRequest = this.#admitting((request) => this.#admitToEndpoint(request));
      for (const prefix of ENDPOINTS)
        scope.all(prefix, { onRequest }, (request, reply) => this.#answered(reply, () => this.#endpoint(request)));
    });
    server.addHook('onRequest', async (request, reply) => this.#admitToController(request, reply));
    installStreamedBodies(server);
    server.server.on('upgrade', this.#upgrade);
  }

  readonly #upgrade: Upgrade = (request, socket, head) => {
    const take = this.#open ? this.#upgrades.get((request.url ?? '').split('?', 1)[0] ?? '') : undefined;
    if (take) return take(request, socket, head);
    socket.on('error', () => undefined);
    // a client that keeps its half of the connection open would hold the socket, which is no longer counted
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${this.#open ? '404 Not Found' : '503 Service Unavailable'}\r\nconnection: close\r\n\r\n`);
  };

  #admitting(admit: (request: FastifyRequest) => Promise<Admission>) {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      if (!this.#open) throw hostFail.STOPPING('this host takes no events now', { sent: 'no' });
      const admission = await admit(request);
      this.#reserve(request, reply, admission.sender, admission.endpoint?.route.limit);
      this.#admitted.set(request, admission);
    };
  }

  async #admitEvent(request: FastifyRequest): Promise<Admission> {
    const sender = await this.#sender(request);
    requireScope(sender, 'events:write');
    requireEventType(sender, typeOf(request));
    return { sender };
  }

  async #admitToEndpoint(request: FastifyRequest): Promise<Admission> {
    const [url = ''] = request.url.split('?', 1);
    const { route, params } = this.#routes.find(request.method, url);
    const path = decodeURI(url);
    const endpoint = { route, path, params };
    if (route.scope === false) return { sender: undefined, endpoint };
    const sender = await this.#sender(request);
    requireScope(sender, route.scope);
    if (route.path.startsWith('/in/')) requireEndpoint(sender, path, route.scope);
    return { sender, endpoint };
  }

  /**
   * Admits requests to the routes of other classes, whose controllers check scopes. Routes below `/api/` require a token, unless a route declares
   * `{ withoutToken: true }` in its Fastify config, in NestJS `SetMetadata('__fastify_route_config__', { withoutToken: true })`.
   */
  async #admitToController(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (BODYLESS.has(request.method) || OWN_ROUTES.has(request.routeOptions.url)) return;
    const config = request.routeOptions.config as { readonly withoutToken?: boolean } | undefined;
    const needsToken = request.url.startsWith('/api/') && config?.withoutToken !== true;
    const sender = await this.#sender(request).catch((error: unknown) => {
      if (needsToken) throw error;
      return undefined;
    });
    // its controller never holds the whole body
    if (sender && isStreamed(request)) return;
    this.#reserve(request, reply, sender, undefined);
  }

  /** Throws `BODY_TOO_LARGE` or `TOO_MANY_BODIES`. The bytes are returned when the request has been answered or its connection is lost. */
  #reserve(request: FastifyRequest, reply: FastifyReply, sender: Bearer | undefined, limit = this.options.limitBytes): void {
    if (BODYLESS.has(request.method)) return;
    const declared = declaredLength(request) ?? limit;
    if (declared > limit) throw tooLarge(limit);
    const budget = sender ? this.#bodies : this.#strangersBodies;
    const reserved = budget.reserve(sender?.user ?? request.ip, declared);
    if (!reserved)
      throw hostFail.TOO_MANY_BODIES(
        `too many requests ${sender ? `of ${sender.user}` : 'without a token'} are being received at the same time`,
        { sent: 'no' },
      );
    this.#reserved.set(request, reserved);
    releaseAtEnd(reserved, request.raw.socket, reply.raw);
  }

  async #event(request: FastifyRequest): Promise<Reply> {
    const sender = this.#admission(request).sender as Bearer;
    const contentType = headerOf(request, 'content-type') ?? '';
    const body = bodyOf(request);
    const event: NewEvent & { type: string; source: string } = {
      type: typeOf(request),
      data: parseBody(contentType, body),
      body,
      ...(body.length > 0 && { datacontenttype: contentType }),
      ...attributesOf(request, sender),
    };
    const { id } = await this.options.ingress().publish(event);
    return { status: 202, headers: {}, data: { id } };
  }

  async #endpoint(request: FastifyRequest): Promise<Reply> {
    const { sender, endpoint } = this.#admission(request);
    if (!endpoint) throw new Error('the request was admitted to no endpoint');
    const { route, path, params } = endpoint;
    const body = bodyOf(request);
    if (route.limit !== undefined && body.length > route.limit) throw tooLarge(route.limit);
    return route.handle({
      // not that of the request: HEAD is handled as GET
      method: route.method,
      path,
      params,
      query: parseQuery(queryOf(request.url)),
      headers: headersOf(request),
      contentType: headerOf(request, 'content-type') ?? '',
      body,
      ...(sender && { authid: sender.sub, source: sourceOf(sender), bearer: sender }),
    });
  }

  #admission(request: FastifyRequest): Admission {
    const admission = this.#admitted.get(request);
    if (!admission) throw new Error('the request was not admitted');
    return admission;
  }

  async #sender(request: FastifyRequest): Promise<Bearer> {
    const sender = await this.options.tokens.verify(bearerOf(request), entryPointOf(request));
    this.#strangers.know(request.raw.socket);
    return sender;
  }

  async #answered(reply: FastifyReply, work: () => Promise<Reply>): Promise<void> {
    try {
      if (!this.#open) throw hostFail.STOPPING('this host takes no events now', { sent: 'no' });
      const { status, headers, data } = await work();
      requireHeaders(headers);
      const body = data === undefined ? undefined : bodyBytes(reply, headers, data);
      await reply
        .code(data === undefined && status === 200 ? 204 : status)
        .headers(headers)
        .send(body);
    } catch (error) {
      await sendProblem(reply, error, this.options);
    }
  }
}

/** Releases the bytes when the response ends, or when the connection is lost: a pipelined response that has not begun emits no `close` then. */
function releaseAtEnd(reserved: BodyReservation, socket: Socket, response: ServerResponse): void {
  const release = () => {
    socket.off('close', release);
    reserved.release();
  };
  response.once('close', release);
  socket.once('close', release);
  // the connection may have been lost while the token was verified
  if (socket.destroyed) release();
}

function typeOf(request: FastifyRequest): string {
  return (request.params as { type: string }).type;
}

/** Returns the query of an address without its question mark; a query may contain further ones. */
function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** @returns undefined for a chunked body, and 0 where there is none */
function declaredLength(request: FastifyRequest): number | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return length !== undefined ? Number(length) : encoding !== undefined ? undefined : 0;
}

export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1];
}

/** Headers about the connection and the length of the body, which only the server knows. */
const SERVER_HEADERS = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Throws `REPLY_INVALID` for a header of a flow's reply that HTTP cannot carry, such as a value in Cyrillic letters or with a line break, and
 * for a header that the server sets.
 */
function requireHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (SERVER_HEADERS.has(name.toLowerCase()))
      throw hostFail.REPLY_INVALID(`the flow replies with the header "${name}", which the host sets: delete it`);
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw hostFail.REPLY_INVALID(
        `the flow replies with a header that HTTP cannot carry: ${JSON.stringify(name.slice(0, 100))}`,
      );
    }
  }
}

/** Writes a text with a content type of its own as it is, everything else as JSON, in the encoding that the type names. */
function bodyBytes(reply: FastifyReply, headers: Readonly<Record<string, string>>, data: unknown): Buffer {
  const type = headers['content-type'] ?? 'application/json; charset=utf-8';
  let bytes: Buffer;
  try {
    bytes = writeBody(type, data);
  } catch (cause) {
    // the flow is at fault, not the caller
    throw hostFail.REPLY_INVALID(`the flow replies with a body that cannot be written: ${(cause as Error).message}`, { cause });
  }
  void reply.type(type);
  return bytes;
}

function attributesOf(request: FastifyRequest, sender: Bearer): Partial<NewEvent> & { source: string } {
  const given = CE_ATTRIBUTES.flatMap((name) => {
    const value = headerOf(request, `ce-${name}`);
    return value === undefined ? [] : [[name, decodeHeader(value)] as const];
  });
  const id = headerOf(request, 'ce-id') ?? headerOf(request, 'idempotency-key');
  const time = headerOf(request, 'ce-time');
  const traceparent = headerOf(request, 'traceparent');
  return {
    ...Object.fromEntries(given),
    source: sourceOf(sender),
    authid: sender.sub,
    ...(id !== undefined && { id }),
    ...(time !== undefined && { time: readTime(time) }),
    ...(traceparent !== undefined && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent) && { traceparent }),
  };
}

function readTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw engineFail.INPUT_INVALID('the header ce-time is not an ISO 8601 time', { sent: 'no' });
  return time;
}

/** Values outside of ASCII are percent-encoded: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function headersOf(request: FastifyRequest): Record<string, string> {
  const shown = Object.entries(request.headers).filter(([name, value]) => value !== undefined && !HIDDEN_HEADERS.has(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value as string)]));
}

/** Returns the body as received. Rejects a compressed body, because flows and signatures use the received bytes. */
function bodyOf(request: FastifyRequest): Buffer {
  if (!Buffer.isBuffer(request.body) || request.body.length === 0) return Buffer.alloc(0);
  refuseEncoded(headerOf(request, 'content-encoding'));
  return request.body;
}

function tooLarge(limit: number): Error {
  return engineFail.BODY_TOO_LARGE(`the body is larger than ${limit} bytes`, { sent: 'no' });
}

function fromFastify(error: unknown, limit: number): unknown {
  const { code } = error as { code?: string };
  return code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? tooLarge(limit) : error;
}
