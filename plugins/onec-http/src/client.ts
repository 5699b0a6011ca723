import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import { WebClient, type WebAnswer, type WebRequest } from '@sluice/web-client';
import { readAnswer, type Reading } from './answer.js';
import { lanes, type Config } from './config.js';
import { onec } from './failures.js';
import { Sessions, type Lease } from './sessions.js';

/** One request under the base URL. */
export interface OnecRequest extends WebRequest {
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
  private readonly web: WebClient;
  private readonly sessions: Sessions;
  private readonly authorization: Readonly<Record<string, string>>;

  constructor(
    private readonly config: Config,
    host: Host,
  ) {
    this.style = config.style;
    const calls = lanes(config) ?? DEFAULT_CONNECTIONS;
    this.web = new WebClient({ ...config, connections: calls + SPARE_CONNECTIONS, cutOff: onec.ONEC_CUT_OFF });
    this.sessions = new Sessions(config.sessions, calls, host.log, () => host.now().getTime());
    this.authorization = basicAuthorization(config);
  }

  async send(request: OnecRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const reading = this.readingOf(request.name);
    const written = this.write(request, { 'x-request-id': call.id });
    const { answer, lane } = await this.inSession(written, reading.where, call.signal);
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
    const answer = await this.web.exchange(this.write(PING), { where: reading.where, withinMs: CHECK_WITHIN_MS });
    if (answer.status === 405) return; // it is there, and takes no GET
    try {
      readAnswer(answer, reading);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'ONEC_BUSINESS') throw error; // a service without a method Ping works all the same
    }
  }

  /** Ends the sessions that are idle, so that their licences are free at once, and cuts the connections. */
  async close(): Promise<void> {
    const finish = (cookie: string) =>
      this.web.exchange(this.write(PING, { ibsession: 'finish', cookie: `ibsession=${cookie}` }), {
        where: 'finish',
        withinMs: FINISH_WITHIN_MS,
      });
    await Promise.allSettled(this.sessions.takeIdle().map(finish));
    await this.web.close();
  }

  /** The request on a lane. A session that has gone is replaced once: 1C refused the call before any work. */
  private async inSession(request: WebRequest, where: string, signal: AbortSignal): Promise<{ answer: WebAnswer; lane: Lease }> {
    const first = await this.onLane(request, where, signal);
    if (!first.lane.resumed || first.answer.status !== 400) return first;
    first.lane.drop();
    return this.onLane(request, where, signal, 'new session');
  }

  private async onLane(
    request: WebRequest,
    where: string,
    signal: AbortSignal,
    session?: 'new session',
  ): Promise<{ answer: WebAnswer; lane: Lease }> {
    const lane = this.sessions.take(session);
    try {
      const headers = { ...request.headers, ...lane.headers };
      return { answer: await this.web.exchange({ ...request, headers }, { where, signal }), lane };
    } catch (error) {
      lane.drop(); // nobody waits any more for the call that may still run in this session
      throw error;
    }
  }

  private readingOf(name: string): Reading {
    return { where: `${name} at ${this.config.baseUrl}`, baseUrl: this.config.baseUrl, patterns: this.config.errors };
  }

  private write(request: OnecRequest, headers: Readonly<Record<string, string>> = {}): WebRequest {
    const accept = 'application/json, */*;q=0.8';
    return { ...request, headers: { accept, ...request.headers, ...this.authorization, ...headers } };
  }
}

/** RFC 7617 with UTF-8: 1C understands no other encoding of a Cyrillic name. */
function basicAuthorization({ user, password }: Config): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64')}` };
}
