import { parseBody, parseDuration, type HttpRequest, type Reply, type UpgradeRegistrar, type Clock } from '@sluice/plugin-api';
import { z } from 'zod';
import { gatewayFail } from '../../failures.js';
import { checkNames, checkWorkplace, isName } from '../../names.js';
import type { MailboxEvent } from '../mailbox/mailbox-event.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { privateReply } from './private-reply.js';
import type { MailboxReaders } from '../sessions/mailbox-readers.js';
import { WAIT_HEADER, type WaitingRuns } from '../sessions/waiting-runs.js';

const SCOPE = 'desktop';
const MAX_WAIT_MS = 60_000;
/** Maximum milliseconds between two reads of the mailbox during a waiting request, because a notification may be lost. */
const LOOK_INTERVAL_MS = 5_000;
const MAX_EVENTS = 100;
/** Maximum waiting requests of one user: one for each of its workplaces, and some that the client has abandoned. */
const MAX_POLLS_PER_USER = 10;
/** Maximum waiting requests of all users on this host. */
const MAX_POLLS = 5_000;
const RETRY_AFTER_SECONDS = 5;
const MAX_ACK_BYTES = 64 * 1024;

const Ack = z.strictObject({ seqs: z.array(z.int().positive()).max(10_000) });

export interface LongPollRoutesDeps {
  readonly mailbox: Pick<Mailbox, 'read' | 'readAt' | 'acknowledge' | 'recordLogin'>;
  readonly readers: Pick<MailboxReaders, 'watch'>;
  readonly waitingRuns: WaitingRuns;
  readonly fullName: (user: string) => string;
  readonly clock: Clock;
  /** Fires when the gateway closes. All waiting requests then receive their reply. */
  readonly signal: AbortSignal;
}

/** Serves mailboxes over HTTP to clients without a STOMP socket, which request events, acknowledge them, and request the next ones. */
export class LongPollRoutes {
  /** Number of waiting requests by user. */
  readonly #polls = new Map<string, number>();
  #waiting = 0;

  constructor(private readonly deps: LongPollRoutesDeps) {}

  /** Registers the routes. Returns the function that removes them. Throws when another connection has registered them. */
  register(routes: UpgradeRegistrar): () => void {
    const removeGet = routes.http({ method: 'GET', path: '/mailbox/{user}', scope: SCOPE }, (request) => this.#get(request));
    const removePost = routes.http(
      { method: 'POST', path: '/mailbox/{user}/ack', scope: SCOPE, limit: MAX_ACK_BYTES },
      (request) => this.#acknowledge(request),
    );
    return () => {
      removeGet();
      removePost();
    };
  }

  /** Replies with the events that wait, or waits for the first one. */
  async #get(request: HttpRequest): Promise<Reply> {
    const user = this.#userOf(request);
    const wait = onlyText(request, 'wait') ?? '0s';
    const workplace = onlyText(request, 'workplace') || undefined;
    const waitMs = parseDuration(wait);
    if (waitMs === undefined) throw gatewayFail.GATEWAY_REQUEST('wait is a duration such as 25s');
    if (request.bearer) checkNames(request.bearer, workplace);
    if (request.bearer && workplace !== undefined) checkWorkplace(request.bearer, workplace);
    if (request.bearer?.user === user) this.deps.mailbox.recordLogin(request.bearer, workplace);
    if (waitMs === 0) return shownAll(await this.#due(user, workplace));
    const polls = this.#polls.get(user) ?? 0;
    if (polls >= MAX_POLLS_PER_USER || this.#waiting >= MAX_POLLS)
      return tooMany(polls >= MAX_POLLS_PER_USER ? user : 'all users');
    this.#count(user, 1);
    try {
      return shownAll(await this.#wait(user, workplace, this.deps.clock.monotonic() + Math.min(waitMs, MAX_WAIT_MS)));
    } finally {
      this.#count(user, -1);
    }
  }

  async #wait(user: string, workplace: string | undefined, untilMonotonic: number): Promise<readonly MailboxEvent[]> {
    for (;;) {
      const notification = this.#nextNotification(user);
      const events = await this.#due(user, workplace).catch((error: unknown) => {
        notification.cancel();
        throw error;
      });
      const left = untilMonotonic - this.deps.clock.monotonic();
      if (events.length > 0 || left <= 0 || this.deps.signal.aborted) {
        notification.cancel();
        return events;
      }
      await notification.received(Math.min(left, LOOK_INTERVAL_MS));
    }
  }

  #count(user: string, by: 1 | -1): void {
    this.#waiting += by;
    const polls = (this.#polls.get(user) ?? 0) + by;
    if (polls > 0) this.#polls.set(user, polls);
    else this.#polls.delete(user);
  }

  async #acknowledge(request: HttpRequest): Promise<Reply> {
    const user = this.#userOf(request);
    const parsed = Ack.safeParse(parseBody(request.contentType, request.body));
    if (!parsed.success)
      throw gatewayFail.GATEWAY_REQUEST('the body has to be { "seqs": [ … ] }, with values from the reply of a GET');
    const positions = parsed.data.seqs.map((seq) => ({ user, seq }));
    if (request.bearer) {
      const session = { bearer: { ...request.bearer, user }, workplace: undefined };
      for (const { content } of await this.deps.mailbox.readAt(positions))
        if (content.headers[WAIT_HEADER] === 'shown') await this.deps.waitingRuns.resume(session, content.id, 'shown');
    }
    await this.deps.mailbox.acknowledge(positions);
    return privateReply(204);
  }

  #userOf({ params, bearer }: HttpRequest): string {
    const named = params['user'] ?? '';
    if (!isName(named.slice(named.indexOf('/') + 1)))
      throw gatewayFail.GATEWAY_REQUEST('the path contains no valid name of a user');
    const user = this.deps.fullName(named);
    if (bearer && (bearer.user === user || bearer.scopes.includes('admin'))) return user;
    throw gatewayFail.GATEWAY_MAILBOX(`the token does not allow access to the mailbox of ${user}`);
  }

  async #due(user: string, workplace: string | undefined): Promise<readonly MailboxEvent[]> {
    const { events } = await this.deps.mailbox.read({ user, after: 0, limit: MAX_EVENTS, workplace });
    const later = events.findIndex(({ due = 0 }) => due > this.deps.clock.now());
    return later < 0 ? events : events.slice(0, later);
  }

  /** Watches for the next notification of a user. Call it before a read of the mailbox, so that no event is missed in between. */
  #nextNotification(user: string): { received(withinMs: number): Promise<void>; cancel(): void } {
    const { readers, signal, clock } = this.deps;
    let wake: () => void = () => undefined;
    const notified = new Promise<void>((resolve) => (wake = resolve));
    const stopWatching = readers.watch(user, wake);
    const cancel = () => {
      stopWatching();
      signal.removeEventListener('abort', wake);
    };
    signal.addEventListener('abort', wake);
    return {
      cancel,
      received: async (withinMs) => {
        const timer = clock.after(withinMs, wake).unref();
        await notified;
        timer.cancel();
        cancel();
      },
    };
  }
}

function shownAll(events: readonly MailboxEvent[]): Reply {
  return privateReply(200, { events: events.map(shown) });
}

function tooMany(user: string): Reply {
  const { code, message, cure } = gatewayFail.GATEWAY_POLLS(`too many requests of ${user} wait for events at once`);
  return privateReply(429, { code, message, cure }, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}

/** Returns a parameter of the query. Throws `GATEWAY_REQUEST` when it occurs several times. */
function onlyText({ query }: HttpRequest, name: string): string | undefined {
  const value = query[name];
  if (typeof value === 'object') throw gatewayFail.GATEWAY_REQUEST(`${name} occurs several times in the query`);
  return value;
}

function shown({ seq, sent, content }: MailboxEvent): object {
  const { event, 'correlation-id': correlationid, expires } = content.headers;
  return {
    seq,
    id: content.id,
    event,
    correlationid,
    ...(expires !== undefined && { expires: Number(expires) }),
    ...(sent && { redelivered: true }),
    ...(content.body.length > 0 && { data: JSON.parse(content.body.toString()) as unknown }),
  };
}
