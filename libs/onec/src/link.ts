import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import { WebClient, type WebAnswer, type WebRequest } from '@sluice/web-client';
import { lanes, type OnecOptions } from './connection-options.js';
import { onec } from './failures.js';
import { Sessions, type Lease } from './sessions.js';

/** One request and the function that reads its answer. */
export interface Exchange<Value> {
  readonly request: WebRequest;
  /** Description of the call for messages, such as `SaveOrder at http://server/base/hs/gate`. Without secrets. */
  readonly where: string;
  /** Sent as `X-Request-Id`. */
  readonly id?: string;
  readonly signal?: AbortSignal;
  /** Returns the value of the answer, or throws the failure that its status or its text stands for. */
  readonly read: (answer: WebAnswer) => Value;
}

/** Codes after which a session is not used again. */
const SESSION_ENDED: ReadonlySet<string> = new Set(['ONEC_SESSION_GONE', 'ONEC_RESTARTING']);
const SPARE_CONNECTIONS = 1; // for a probe while every lane is busy
const DEFAULT_CONNECTIONS = 64;
const FINISH_WITHIN_MS = 2_000;
const CHECK_WITHIN_MS = 10_000;

/** Access to one base of 1C: its user, its sessions, its web server. */
export class OnecLink implements Closable {
  private readonly web: WebClient;
  private readonly sessions: Sessions;
  private readonly authorization: Readonly<Record<string, string>>;

  /** @param idle returns a harmless request, with which `close` ends the remaining sessions; undefined if the connector has none. */
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
   * Calls 1C and resolves with the value of the answer. Never repeats the request, except in a new session if the old one is gone, because
   * 1C then refuses the call before it does any work.
   *
   * @throws a SluiceError.
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

  /** Sends one request outside of the sessions, with a short timeout. */
  async probe(request: WebRequest, where: string): Promise<WebAnswer> {
    return this.web.exchange(this.write(request), { where, withinMs: CHECK_WITHIN_MS });
  }

  /** Ends idle sessions, so that their licences are free at once, and closes the connections. */
  async close(): Promise<void> {
    const request = this.idle();
    if (request) await Promise.allSettled(this.sessions.takeIdle().map((cookie) => this.finish(request, cookie)));
    await this.web.close();
  }

  private finish(request: WebRequest, cookie: string): Promise<WebAnswer> {
    const written = this.write(request, { ibsession: 'finish', cookie: `ibsession=${cookie}` });
    return this.web.exchange(written, { where: 'finish', withinMs: FINISH_WITHIN_MS });
  }

  /** Sends the request on a lane. A session that is gone is replaced once. */
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
      lane.drop(); // the call may still run in this session
      throw error;
    }
  }

  private write(request: WebRequest, headers: Readonly<Record<string, string>> = {}): WebRequest {
    return { ...request, headers: { ...request.headers, ...this.authorization, ...headers } };
  }
}

/** Returns the header of RFC 7617 in UTF-8, the only encoding of a Cyrillic name that 1C understands. */
function basicAuthorization({ user, password }: OnecOptions): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64')}` };
}
