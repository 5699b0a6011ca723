import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { faultOrder, FaultPlan, RAISED, troubleOf, type Fault, type FaultKind } from './faults.js';
import { Ledger, MAX_IDS } from './ledger.js';
import type { Base } from './methods.js';
import { answerOf, type ServiceCall } from './services.js';
import { SessionPool, type NoSession, type SessionUse } from './sessions.js';
import { descriptionOf, soapAnswerOf, soapFault } from './soap.js';
import { Tally, type OnecStats } from './stats.js';
import { basic, cookieOf, header, parseJson, readText, send, sendJson, UnknownCharset, withCookie, type Answer } from './wire.js';

export interface OnecOptions {
  /** 0: a free port. */
  readonly port: number;
  readonly host?: string;
  /** Maximum number of concurrent calls; the connection of a further call is reset before any answer. */
  readonly maxCalls?: number;
  /** Duration of the work of one call in milliseconds. */
  readonly latencyMs?: number;
  /** Size of the session pool; absent: no limit. */
  readonly sessions?: number;
  /** Maximum idle time of a session. */
  readonly sessionMaxAgeMs?: number;
  /** Maximum time that a call waits for a session before the answer 406. */
  readonly poolTimeoutMs?: number;
  /** Absent: no limit. */
  readonly licences?: number;
  /** Additional duration of the first call of a session. */
  readonly slowStartMs?: number;
  /** Present: calls need Basic authentication in UTF-8. */
  readonly user?: string;
  readonly password?: string;
  /** True for a publication without `IBSession`: it neither sets nor reads cookies. */
  readonly ignoreIbSession?: boolean;
  readonly faults?: readonly Fault[];
  /** Maximum number of kept `X-Request-Id`s with their replies; default 10,000. A repeat of a forgotten id is carried out again. */
  readonly maxIds?: number;
}

/** A running stand-in for 1C. */
export interface Onec {
  /**
   * Such as `http://127.0.0.1:8081`: HTTP services are at `<url>/<any base>/hs/<service>`, web services at `<url>/<any
   * base>/ws/<service>`.
   */
  readonly url: string;
  stats(options?: { readonly ids?: boolean }): OnecStats;
  /** Sets the counters to zero and forgets the request ids. Sessions and faults stay. */
  reset(): void;
  /** Replaces the faults to come, which occur in this order. The connections of hanging calls are reset. */
  setFault(...faults: readonly Fault[]): void;
  /** Resets all connections. Resolves once the port is free. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in for 1C behind a web server: HTTP services at `/<any base>/hs/<service>/…`, of which `gate` dispatches
 * `{ method, data }` at `v1`, and web services (SOAP) at `/<any base>/ws/<service>` with their WSDL at `?wsdl`. Its limits are those of 1C:
 * concurrent calls, sessions, licences. `GET /__stats` (`?ids=1`) returns its counters, `POST /__reset` resets them, `POST /__fault` sets
 * faults.
 */
export async function startOnec(options: OnecOptions): Promise<Onec> {
  const onec = new OnecServer(options);
  await onec.listen(options.port, options.host ?? '127.0.0.1');
  return onec;
}

const NO_SESSION: Readonly<Record<NoSession, Answer>> = {
  unknown: { status: 400, body: 'Сеанс не найден', headers: { 'content-type': 'text/plain; charset=utf-8' } },
  busy: { status: 406, body: '' },
  licence: { status: 500, body: 'Не обнаружено свободной лицензии!', headers: { 'content-type': 'text/plain; charset=utf-8' } },
};

const SERVICE = /(?:^|\/([^/]+))\/(hs|ws)\/([^/]+)(\/.*)?$/;

const asksForDescription = (method: string | undefined, { searchParams }: URL) => method === 'GET' && searchParams.has('wsdl');

/** Conditions of a call that do not depend on its content. */
interface Circumstances {
  readonly id: string | undefined;
  readonly fault: FaultKind | undefined;
  /** True for the first call in its session. */
  readonly cold: boolean;
}

class OnecServer implements Onec {
  url = '';
  private readonly server: Server;
  private readonly maxCalls: number;
  private readonly latencyMs: number;
  private readonly authorization: string | undefined;
  private readonly pool: SessionPool;
  private readonly ledger: Ledger;
  private readonly plan = new FaultPlan();
  private readonly base: Base = { lastNumber: 0 };
  private hanging = new AbortController();
  private tally = new Tally();
  private inFlight = 0;
  private connections = 0;

  constructor(private readonly options: OnecOptions) {
    this.maxCalls = options.maxCalls ?? 10;
    this.latencyMs = options.latencyMs ?? 50;
    this.ledger = new Ledger(options.maxIds ?? MAX_IDS);
    this.authorization = options.user === undefined ? undefined : basic(options.user, options.password ?? '');
    this.pool = new SessionPool({
      sessions: options.sessions ?? Infinity,
      licences: options.licences ?? Infinity,
      maxAgeMs: options.sessionMaxAgeMs ?? 20_000,
      poolTimeoutMs: options.poolTimeoutMs ?? 5_000,
    });
    this.plan.order(options.faults ?? []);
    // longer than any pause in a test: the end of an idle connection at the moment of a call would look like a lost call
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.route(request, response));
    this.server.on('connection', (socket) => {
      this.connections++;
      socket.once('close', () => this.connections--);
    });
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        this.url = `http://${host}:${(this.server.address() as AddressInfo).port}`;
        resolve();
      });
    });
  }

  stats(options: { readonly ids?: boolean } = {}): OnecStats {
    const { held, started, overlapped } = this.pool;
    return {
      ...this.tally,
      inFlight: this.inFlight,
      connections: this.connections,
      distinct: this.ledger.distinct,
      sessions: { held, started, overlapped },
      ...(options.ids && { ids: this.ledger.toJSON() }),
    };
  }

  reset(): void {
    this.tally = new Tally();
    this.tally.peak = this.inFlight;
    this.ledger.clear();
  }

  setFault(...faults: readonly Fault[]): void {
    this.plan.order(faults);
    this.hanging.abort();
    this.hanging = new AbortController();
  }

  async close(): Promise<void> {
    this.hanging.abort();
    this.pool.close();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://onec');
    try {
      if (url.pathname.startsWith('/__')) return await this.control(request, response, url);
      await this.call(request, response, url);
    } catch {
      request.socket.destroy(); // the caller disconnected while it was still sending
    }
  }

  private async control(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const route = `${request.method} ${url.pathname}`;
    if (route === 'GET /__stats') return sendJson(response, 200, this.stats({ ids: url.searchParams.has('ids') }));
    if (route === 'POST /__reset') {
      this.reset();
      return sendJson(response, 200, {});
    }
    if (route === 'POST /__fault') {
      const order = faultOrder.safeParse(parseJson(await readText(request)));
      if (!order.success) return sendJson(response, 400, { message: z.prettifyError(order.error) });
      this.setFault(...order.data.faults);
      return sendJson(response, 200, order.data);
    }
    sendJson(response, 404, { message: 'GET /__stats, POST /__reset, POST /__fault' });
  }

  /** Handles one call of a service. A call beyond the limit is refused before its body is read. */
  private async call(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const described = asksForDescription(request.method, url);
    const fault = described ? undefined : this.plan.next(); // faults are for calls only
    const id = header(request, 'x-request-id');
    this.tally.calls++;
    if (described) this.tally.described++;
    if (id !== undefined) {
      this.ledger.see(id);
      response.once('close', () => response.writableFinished || this.ledger.unanswered(id));
    }
    if (fault === 'down') return void request.socket.resetAndDestroy();
    if (fault === 'refuse-all' || this.inFlight >= this.maxCalls) {
      this.tally.refused++;
      return void request.socket.resetAndDestroy();
    }
    this.inFlight++;
    this.tally.peak = Math.max(this.tally.peak, this.inFlight);
    try {
      const answer = await this.serve(request, url, id, fault);
      if (!answer) return void request.socket.resetAndDestroy();
      send(response, answer);
    } finally {
      this.inFlight--;
    }
  }

  /** Resolves with undefined when the connection must be reset. */
  private async serve(
    request: IncomingMessage,
    url: URL,
    id: string | undefined,
    fault: FaultKind | undefined,
  ): Promise<Answer | undefined> {
    const body = await readText(request).catch(unlessUnknownCharset);
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization) {
      return { status: 401, body: '', headers: { 'www-authenticate': 'Basic realm="1C:Enterprise"' } };
    }
    const [, place = '', kind, service, path = ''] = SERVICE.exec(url.pathname) ?? [];
    if (service === undefined) return { status: 404, body: '' };
    if (body === undefined) return { status: 400, body: 'Неизвестная кодировка тела запроса' };
    const call: ServiceCall = {
      httpMethod: request.method,
      service,
      path,
      url,
      body,
      contentType: request.headers['content-type'] ?? '',
    };
    const trouble = troubleOf(fault);
    if (trouble) {
      this.tally.failed++;
      if (kind === 'ws' && RAISED.has(fault)) return soapFault(call.contentType, `Неизвестная ошибка. ${trouble.text}`);
      return {
        status: trouble.status,
        body: trouble.text,
        headers: { 'content-type': 'text/plain; charset=utf-8', ...trouble.headers },
      };
    }
    const use = await this.sessionFor(request);
    if (typeof use === 'string') {
      this.tally.failed++;
      return NO_SESSION[use];
    }
    const finished = this.finishes(request) ? use.cookie : undefined;
    try {
      const answer = await this.answer(kind, call, place, { id, fault, cold: use.cold });
      if (!answer || fault === 'lost') return undefined;
      return withCookie(
        fault === 'bom' ? { ...answer, body: `\uFEFF${answer.body}` } : answer,
        this.starts(request) ? use.cookie : undefined,
      );
    } finally {
      use.leave();
      if (finished !== undefined) this.pool.finish(finished);
    }
  }

  private async answer(kind: string | undefined, call: ServiceCall, place: string, circumstances: Circumstances) {
    if (kind === 'ws' && asksForDescription(call.httpMethod, call.url)) return descriptionOf(call.service, place);
    return this.workOnce(circumstances, () => (kind === 'ws' ? soapAnswerOf : answerOf)(this.base, call));
  }

  /** Does the work of a request id once, and answers its repeats with the stored reply. Resolves with undefined when the call hung. */
  private async workOnce({ id, fault, cold }: Circumstances, work: () => Answer): Promise<Answer | undefined> {
    const claim = id === undefined ? { kind: 'run' as const } : this.ledger.claim(id);
    if (claim.kind === 'running') {
      this.tally.conflicts++;
      return { status: 409, body: '', headers: { 'retry-after': '2' } };
    }
    if (claim.kind === 'done') {
      this.tally.replayed++;
      return { ...claim.reply, headers: { ...claim.reply.headers, 'x-request-replayed': '1' } };
    }
    const answer = fault === 'hang' ? await this.hang() : await this.takeTime(fault, cold).then(work);
    if (answer && answer.status < 400) {
      this.tally.done++;
      if (id !== undefined) this.ledger.done(id, answer);
    } else {
      this.tally.failed++;
      if (id !== undefined) this.ledger.failed(id);
    }
    return answer;
  }

  private async takeTime(fault: FaultKind | undefined, cold: boolean): Promise<void> {
    const ms = this.latencyMs * (fault === 'slow' ? 10 : 1) + (cold ? (this.options.slowStartMs ?? 0) : 0);
    if (ms > 0) await sleep(ms);
  }

  private async hang(): Promise<undefined> {
    await sleep(2 ** 31 - 1, undefined, { signal: this.hanging.signal }).catch(() => undefined);
  }

  private async sessionFor(request: IncomingMessage): Promise<SessionUse | NoSession> {
    if (this.options.ignoreIbSession) return this.pool.pass();
    const cookie = cookieOf(request);
    if (cookie !== undefined) return this.pool.resume(cookie);
    return this.starts(request) ? this.pool.start() : this.pool.pass();
  }

  private starts(request: IncomingMessage): boolean {
    return header(request, 'ibsession') === 'start';
  }

  private finishes(request: IncomingMessage): boolean {
    return header(request, 'ibsession') === 'finish';
  }
}

function unlessUnknownCharset(error: unknown): undefined {
  if (!(error instanceof UnknownCharset)) throw error;
}
