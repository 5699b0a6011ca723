import { parseBody, parseDuration, type HttpRequest, type Reply, type UpgradeRegistrar } from '@sluice/plugin-api';
import { z } from 'zod';
import { gatewayFail } from '../../failures.js';
import { checkNames, checkWorkplace, isName } from '../../names.js';
import type { Mail } from '../mailbox/mailbox-event.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { privateReply } from './private-reply.js';
import type { Readers } from '../sessions/mailbox-readers.js';
import { WAIT_HEADER, type Waits } from '../sessions/waiting-runs.js';

const SCOPE = 'desktop';
const MAX_WAIT_MS = 60_000;
/** A hint may be lost: it looks by itself so often. */
const LOOK_MS = 5_000;
const PAGE = 100;
/** Requests of one user that may wait at once: one for each workplace, and some that the client has given up. */
const MAX_POLLS_PER_USER = 10;
/** Of all users, on this host. */
const MAX_POLLS = 5_000;
const RETRY_AFTER_SECONDS = 5;
const MAX_ACK_BYTES = 64 * 1024;

const Ack = z.strictObject({ seqs: z.array(z.int().positive()).max(10_000) });

export interface LongPollRoutesDeps {
  readonly mailbox: Pick<Mailbox, 'read' | 'again' | 'acknowledge' | 'seen'>;
  readonly readers: Pick<Readers, 'watch'>;
  readonly waits: Waits;
  readonly fullName: (user: string) => string;
  readonly now: () => number;
  /** Fires when the gateway closes: nobody waits any longer. */
  readonly signal: AbortSignal;
}

/** The mailbox over HTTP, for clients without a component: ask, wait for an answer, acknowledge, ask again. */
export class LongPollRoutes {
  /** Requests that wait, by user. */
  readonly #polls = new Map<string, number>();
  #waiting = 0;

  constructor(private readonly deps: LongPollRoutesDeps) {}

  /** Gives the function that takes the routes away. Throws when another connection has them. */
  open(doors: UpgradeRegistrar): () => void {
    const closeGet = doors.http({ method: 'GET', path: '/mailbox/{user}', scope: SCOPE }, (request) => this.#get(request));
    const closePost = doors.http({ method: 'POST', path: '/mailbox/{user}/ack', scope: SCOPE, limit: MAX_ACK_BYTES }, (request) =>
      this.#acknowledge(request),
    );
    return () => {
      closeGet();
      closePost();
    };
  }

  /** What waits, at once, or as soon as something comes. */
  async #get(request: HttpRequest): Promise<Reply> {
    const user = this.#userOf(request);
    const wait = onlyText(request, 'wait') ?? '0s';
    const workplace = onlyText(request, 'workplace') || undefined;
    const waitMs = parseDuration(wait);
    if (waitMs === undefined) throw gatewayFail.GATEWAY_REQUEST('wait is a duration such as 25s');
    if (request.bearer) checkNames(request.bearer, workplace);
    if (request.bearer && workplace !== undefined) checkWorkplace(request.bearer, workplace);
    if (request.bearer?.user === user) this.deps.mailbox.seen(request.bearer, workplace);
    if (waitMs === 0) return shownAll(await this.#due(user, workplace));
    const left = this.#polls.get(user) ?? 0;
    if (left >= MAX_POLLS_PER_USER || this.#waiting >= MAX_POLLS) return tooMany(left >= MAX_POLLS_PER_USER ? user : 'all users');
    this.#count(user, 1);
    try {
      return shownAll(await this.#wait(user, workplace, this.deps.now() + Math.min(waitMs, MAX_WAIT_MS)));
    } finally {
      this.#count(user, -1);
    }
  }

  async #wait(user: string, workplace: string | undefined, until: number): Promise<readonly Mail[]> {
    for (;;) {
      const knock = this.#knock(user);
      const mails = await this.#due(user, workplace).catch((error: unknown) => {
        knock.cancel();
        throw error;
      });
      const left = until - this.deps.now();
      if (mails.length > 0 || left <= 0 || this.deps.signal.aborted) {
        knock.cancel();
        return mails;
      }
      await knock.heard(Math.min(left, LOOK_MS));
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
    if (!parsed.success) throw gatewayFail.GATEWAY_REQUEST('the body is to be { "seqs": [ … ] }, places that a GET has shown');
    const places = parsed.data.seqs.map((seq) => ({ user, seq }));
    if (request.bearer) {
      const session = { bearer: { ...request.bearer, user }, workplace: undefined };
      for (const { content } of await this.deps.mailbox.again(places))
        if (content.headers[WAIT_HEADER] === 'shown') await this.deps.waits.end(session, content.id, 'shown');
    }
    await this.deps.mailbox.acknowledge(places);
    return privateReply(204);
  }

  #userOf({ params, bearer }: HttpRequest): string {
    const named = decoded(params['user'] ?? '');
    if (!isName(named.slice(named.indexOf('/') + 1))) throw gatewayFail.GATEWAY_REQUEST('the address does not name a user');
    const user = this.deps.fullName(named);
    if (bearer && (bearer.user === user || bearer.scopes.includes('admin'))) return user;
    throw gatewayFail.GATEWAY_MAILBOX(`the mailbox of ${user} is not that of the token`);
  }

  async #due(user: string, workplace: string | undefined): Promise<readonly Mail[]> {
    const { mails } = await this.deps.mailbox.read({ user, after: 0, limit: PAGE, workplace });
    const later = mails.findIndex(({ due = 0 }) => due > this.deps.now());
    return later < 0 ? mails : mails.slice(0, later);
  }

  /** Registered before the mailbox is read, so that nothing comes between. */
  #knock(user: string): { heard(withinMs: number): Promise<void>; cancel(): void } {
    const { readers, signal } = this.deps;
    let wake: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => (wake = resolve));
    const leave = readers.watch(user, wake);
    const cancel = () => {
      leave();
      signal.removeEventListener('abort', wake);
    };
    signal.addEventListener('abort', wake);
    return {
      cancel,
      heard: async (withinMs) => {
        const timer = setTimeout(wake, withinMs).unref();
        await heard;
        clearTimeout(timer);
        cancel();
      },
    };
  }
}

function shownAll(mails: readonly Mail[]): Reply {
  return privateReply(200, { events: mails.map(shown) });
}

function tooMany(who: string): Reply {
  const { code, message, cure } = gatewayFail.GATEWAY_POLLS(`too many requests of ${who} wait for events at once`);
  return privateReply(429, { code, message, cure }, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}

/** Returns a parameter of the query. Throws `GATEWAY_REQUEST` for one that stands several times. */
function onlyText({ query }: HttpRequest, name: string): string | undefined {
  const value = query[name];
  if (typeof value === 'object') throw gatewayFail.GATEWAY_REQUEST(`${name} stands several times in the query`);
  return value;
}

/** Empty when it is not percent-encoded text. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

function shown({ seq, sent, content }: Mail): object {
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
