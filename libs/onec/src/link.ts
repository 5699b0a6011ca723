import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import { WebClient, type WebAnswer, type WebRequest } from '@sluice/web-client';
import { lanes, type OnecOptions } from './connection-options.js';
import { onec } from './failures.js';
import { Sessions, type Lease } from './sessions.js';

/** One request and what is to be made of its answer. */
export interface Exchange<Value> {
  readonly request: WebRequest;
  /** For messages, such as `SaveOrder at http://server/base/hs/gate`. Without secrets. */
  readonly where: string;
  /** Goes along as `X-Request-Id`. */
  readonly id?: string;
  readonly signal?: AbortSignal;
  /** The value of the answer; throws what its status or its text stands for. */
  readonly read: (answer: WebAnswer) => Value;
}

/** After these the session is not used again. */
const SESSION_ENDED: ReadonlySet<string> = new Set(['ONEC_SESSION_GONE', 'ONEC_RESTARTING']);
const SPARE_CONNECTIONS = 1; // for a check while every lane is busy
const DEFAULT_CONNECTIONS = 64;
const FINISH_WITHIN_MS = 2_000;
const CHECK_WITHIN_MS = 10_000;

/** The way to one base of 1C: its user, its sessions, its web server. */
export class OnecLink implements Closable {
  private readonly web: WebClient;
  private readonly sessions: Sessions;
  private readonly authorization: Readonly<Record<string, string>>;

  /** `idle`: a request that does no harm; on it the sessions that are left are given back at the end. */
  constructor(
    options: OnecOptions,
    host: Pick<Host, 'log' | 'now'>,
    private readonly idle: () => WebRequest | undefined,
  ) {
    const calls = lanes(options) ?? DEFAULT_CONNECTIONS;
    this.web = new WebClient({ ...options, connections: calls + SPARE_CONNECTIONS, cutOff: onec.ONEC_CUT_OFF });
    this.sessions = new Sessions(options.sessions, calls, host.log, () => host.now().getTime());
    this.authorization = basicAuthorization(options);
  }

  /**
   * The value that 1C answers. Throws a SluiceError; never asks twice, except in a new session when the old one has gone: 1C refused
   * the call before any work.
   */
  async call<Value>({ request, where, id, signal, read }: Exchange<Value>): Promise<Value> {
    const written = this.write(request, id === undefined ? {} : { 'x-request-id': id });
    const { answer, lane } = await this.inSession(written, where, signal);
    try {
      const value = read(answer);
      lane.keep(answer);
      return value;
    } catch (error) {
      if (isSluiceError(error) && SESSION_ENDED.has(error.code)) lane.drop();
      else lane.keep(answer);
      throw error;
    }
  }

  /** One request beside the sessions, and soon answered or not at all. */
  async probe(request: WebRequest, where: string): Promise<WebAnswer> {
    return this.web.exchange(this.write(request), { where, withinMs: CHECK_WITHIN_MS });
  }

  /** Ends the sessions that are idle, so that their licences are free at once, and cuts the connections. */
  async close(): Promise<void> {
    const request = this.idle();
    if (request) await Promise.allSettled(this.sessions.takeIdle().map((cookie) => this.finish(request, cookie)));
    await this.web.close();
  }

  private finish(request: WebRequest, cookie: string): Promise<WebAnswer> {
    const written = this.write(request, { ibsession: 'finish', cookie: `ibsession=${cookie}` });
    return this.web.exchange(written, { where: 'finish', withinMs: FINISH_WITHIN_MS });
  }

  /** The request on a lane. A session that has gone is replaced once. */
  private async inSession(
    request: WebRequest,
    where: string,
    signal: AbortSignal | undefined,
  ): Promise<{ answer: WebAnswer; lane: Lease }> {
    const first = await this.onLane(request, where, signal);
    if (!first.lane.resumed || first.answer.status !== 400) return first;
    first.lane.drop();
    return this.onLane(request, where, signal, 'new session');
  }

  private async onLane(
    request: WebRequest,
    where: string,
    signal: AbortSignal | undefined,
    session?: 'new session',
  ): Promise<{ answer: WebAnswer; lane: Lease }> {
    const lane = this.sessions.take(session);
    try {
      const headers = { ...request.headers, ...lane.headers };
      return { answer: await this.web.exchange({ ...request, headers }, { where, ...(signal && { signal }) }), lane };
    } catch (error) {
      lane.drop(); // nobody waits any more for the call that may still run in this session
      throw error;
    }
  }

  private write(request: WebRequest, headers: Readonly<Record<string, string>> = {}): WebRequest {
    return { ...request, headers: { ...request.headers, ...this.authorization, ...headers } };
  }
}

/** RFC 7617 with UTF-8: 1C understands no other encoding of a Cyrillic name. */
function basicAuthorization({ user, password }: OnecOptions): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64')}` };
}
