import { fail, isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import type { Pool } from 'undici';
import { readAnswer, type Reading } from './answer.js';
import { lanes, type Config } from './config.js';
import { Sessions, type Lease } from './sessions.js';
import { exchange, openPool, type RawAnswer, type RawRequest } from './transport.js';

/** One request under the base URL. */
export interface OnecRequest {
  readonly method: string;
  /** Below the base URL; begins with `/`. Letters outside ASCII, spaces and braces are encoded here. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What it is called in messages. */
  readonly name: string;
}

/** Narrow interface over one HTTP service of 1C. */
export interface OnecClient extends Closable {
  readonly style: Config['style'];
  /** The value answered. Throws a SluiceError; never asks twice, except on a new session when the old one has gone. */
  send(request: OnecRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown>;
  /** Throws when the service cannot be used. */
  check(): Promise<void>;
}

/** Asked for by `check`; a service that knows no such method is reached as well. */
const PING: OnecRequest = { name: 'Ping', method: 'GET', path: '/v1', query: { method: 'Ping' } };
/** After these the session is not used again. */
const SESSION_ENDED: ReadonlySet<string> = new Set(['ONEC_SESSION_GONE', 'ONEC_RESTARTING']);
const SPARE_CONNECTIONS = 1; // for `check` while every lane is busy
const DEFAULT_CONNECTIONS = 64;
const FINISH_WITHIN_MS = 2_000;
const CHECK_WITHIN_MS = 10_000;

export class HttpOnecClient implements OnecClient {
  readonly style: Config['style'];
  private readonly base: URL;
  private readonly pool: Pool;
  private readonly sessions: Sessions;
  private readonly authorization: Readonly<Record<string, string>>;

  constructor(
    private readonly config: Config,
    host: Host,
  ) {
    this.style = config.style;
    this.base = new URL(config.baseUrl);
    this.pool = openPool(this.base.origin, config, (lanes(config) ?? DEFAULT_CONNECTIONS) + SPARE_CONNECTIONS);
    this.sessions = new Sessions(config.sessions, lanes(config) ?? DEFAULT_CONNECTIONS, host.log, () => host.now().getTime());
    this.authorization = basicAuthorization(config);
  }

  async send(request: OnecRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const reading = this.readingOf(request.name);
    const raw = this.write(request, { 'x-request-id': call.id });
    const { answer, lane } = await this.inSession(raw, reading.where, call.signal);
    try {
      const value = readAnswer(answer, reading);
      lane.keep(answer);
      return value;
    } catch (error) {
      if (isSluiceError(error) && SESSION_ENDED.has(error.code)) lane.drop();
      else lane.keep(answer);
      throw error;
    }
  }

  async check(): Promise<void> {
    const reading = this.readingOf(PING.name);
    const limits = { timeoutMs: Math.min(this.config.timeout, CHECK_WITHIN_MS), maxResponse: this.config.maxResponse };
    const answer = await exchange(this.pool, this.write(PING, {}), limits, reading.where);
    if (answer.status === 405) return; // it is there, and takes no GET
    try {
      readAnswer(answer, reading);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'ONEC_BUSINESS') throw error; // a service without a method Ping works all the same
    }
  }

  /** Ends the sessions that are idle, so that their licences are free at once, and cuts the connections. */
  async close(): Promise<void> {
    const limits = { timeoutMs: FINISH_WITHIN_MS, maxResponse: this.config.maxResponse };
    const finish = (cookie: string) =>
      exchange(this.pool, this.write(PING, { ibsession: 'finish', cookie: `ibsession=${cookie}` }), limits, 'finish');
    await Promise.allSettled(this.sessions.takeIdle().map(finish));
    await this.pool.destroy();
  }

  /** The request on a lane. A session that has gone is replaced once: 1C refused the call before any work. */
  private async inSession(raw: RawRequest, where: string, signal: AbortSignal): Promise<{ answer: RawAnswer; lane: Lease }> {
    const first = await this.onLane(raw, where, signal);
    if (!first.lane.resumed || first.answer.status !== 400) return first;
    first.lane.drop();
    return this.onLane(raw, where, signal, 'new session');
  }

  private async onLane(
    raw: RawRequest,
    where: string,
    signal: AbortSignal,
    session?: 'new session',
  ): Promise<{ answer: RawAnswer; lane: Lease }> {
    const lane = this.sessions.take(session);
    try {
      const limits = { timeoutMs: this.config.timeout, maxResponse: this.config.maxResponse, signal };
      return { answer: await exchange(this.pool, { ...raw, headers: { ...raw.headers, ...lane.headers } }, limits, where), lane };
    } catch (error) {
      lane.drop(); // nobody waits any more for the call that may still run in this session
      throw error;
    }
  }

  private readingOf(name: string): Reading {
    return { where: `${name} at ${this.config.baseUrl}`, baseUrl: this.config.baseUrl, patterns: this.config.errors };
  }

  private write(request: OnecRequest, headers: Readonly<Record<string, string>>): RawRequest {
    return {
      method: request.method,
      path: this.address(request),
      headers: { accept: 'application/json, */*;q=0.8', ...request.headers, ...this.authorization, ...headers },
      ...(request.body !== undefined && { body: request.body }),
    };
  }

  private address({ path, query }: OnecRequest): string {
    const root = this.base.pathname.replace(/\/+$/, '');
    const url = new URL(this.base);
    url.pathname = root + path; // encodes what must be encoded, and resolves `..`
    if (url.pathname !== root && !url.pathname.startsWith(`${root}/`))
      throw fail.REJECTED(`the path ${path} leads out of the base URL`, { sent: 'no' });
    url.search = new URLSearchParams(query).toString().replaceAll('+', '%20'); // 1C reads a plus as a plus
    return url.pathname + url.search;
  }
}

/** RFC 7617 with UTF-8: 1C understands no other encoding of a Cyrillic name. */
function basicAuthorization({ user, password }: Config): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64')}` };
}
