import type { Clock } from '@sluice/plugin-api';
import type { Config } from '../config.js';
import { conversationsFail } from '../failures.js';
import type { Caller } from '../people/people.js';
import { isServer } from '../scopes.js';
import { RateLimiter } from './rate-limiter.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

type Sender = Pick<Caller, 'person' | 'application' | 'bearer'>;

/** Limiters of one kind of request. */
interface Limiters {
  readonly what: string;
  readonly person: RateLimiter;
  readonly application: RateLimiter;
}

/**
 * Limits how often people and applications post and create discussions, on each host. Server code of an application posts for many people, so
 * only the limit of its application concerns it. Bots of flows are not limited: the operator has written them, and the pace of the connection
 * limits their calls.
 */
export class Quotas {
  readonly #posts: Limiters;
  readonly #creations: Limiters;

  constructor({ person, application }: Config['limits'], clock: Pick<Clock, 'monotonic'>) {
    const posts = ({ postsPerSecond, burst }: Config['limits']['person']) =>
      new RateLimiter({ count: postsPerSecond, perMs: SECOND_MS, burst }, clock);
    const creations = ({ discussionsPerHour }: Config['limits']['person']) =>
      new RateLimiter({ count: discussionsPerHour, perMs: HOUR_MS, burst: discussionsPerHour }, clock);
    this.#posts = { what: 'messages', person: posts(person), application: posts(application) };
    this.#creations = { what: 'new discussions', person: creations(person), application: creations(application) };
  }

  /** Counts a post. Throws `CONVERSATIONS_RATE` when the sender has posted too often. */
  post(sender: Sender): void {
    take(this.#posts, sender);
  }

  /** Counts the creation of a discussion. Throws `CONVERSATIONS_RATE`. */
  create(sender: Sender): void {
    take(this.#creations, sender);
  }

  /** Takes back the count of a creation, because the discussion existed already. */
  notCreated({ person, application, bearer }: Sender): void {
    this.#creations.application.giveBack(application);
    if (!isServer(bearer)) this.#creations.person.giveBack(person);
  }
}

function take({ what, ...limiters }: Limiters, { person, application, bearer }: Sender): void {
  refuse(`the application ${bearer.issuer} sends ${what}`, limiters.application.take(application));
  if (isServer(bearer)) return;
  const waitMs = limiters.person.take(person);
  if (waitMs > 0) limiters.application.giveBack(application);
  refuse(`${bearer.user} sends ${what}`, waitMs);
}

function refuse(who: string, waitMs: number): void {
  if (waitMs <= 0) return;
  throw conversationsFail.CONVERSATIONS_RATE(`${who} too often: the next one is accepted in ${Math.ceil(waitMs / SECOND_MS)} s`, {
    sent: 'no',
    retryAfterMs: waitMs,
  });
}
