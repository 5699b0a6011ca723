import type { Attachment, Message, NewMessage } from './shapes.js';

/** A message that the server has not confirmed yet. */
export interface PendingPost {
  readonly discussion: string;
  readonly message: NewMessage;
  /** Milliseconds since 1970, by the clock of the browser. */
  readonly at: number;
  /** The newest seq of the discussion when the message was written. */
  readonly afterSeq: number;
  readonly attachments: readonly Attachment[];
  readonly state: 'waiting' | 'sending' | 'failed';
  readonly failure?: string;
  /** Failed attempts in a row, for the backoff. */
  readonly attempts: number;
  /** The server accepts the next attempt from this time on, in milliseconds since 1970. */
  readonly notBefore?: number;
}

export const MAX_PENDING_POSTS = 500;
const RETRY_MS = { first: 500, max: 30_000 };

/** Pending posts, oldest first. A repeated post with the same client id is the same message, so each is sent until it is confirmed. */
export type Outbox = readonly PendingPost[];

export function enqueue(outbox: Outbox, post: Omit<PendingPost, 'state' | 'attempts'>): Outbox {
  return [...outbox, { ...post, state: 'waiting', attempts: 0 }];
}

/** Returns the posts that can be sent now: of each discussion the oldest one, if it waits. A failed post does not hold up the later ones. */
export function sendable(outbox: Outbox): PendingPost[] {
  const seen = new Set<string>();
  return outbox.filter((post) => {
    if (post.state === 'failed' || seen.has(post.discussion)) return false;
    seen.add(post.discussion);
    return post.state === 'waiting';
  });
}

export function markSending(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ failure: _, notBefore: __, ...post }) => ({ ...post, state: 'sending' }));
}

/** After an attempt without an answer: the post waits for the next attempt. */
export function markUnanswered(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ notBefore: _, ...post }) => ({ ...post, state: 'waiting', attempts: post.attempts + 1 }));
}

/** After an answer that limits the rate of posts: the post waits until a time that the server has named. */
export function markLimited(outbox: Outbox, clientId: string, notBefore: number): Outbox {
  return change(outbox, clientId, (post) => ({ ...post, state: 'waiting', attempts: 0, notBefore }));
}

/**
 * Returns the milliseconds until these posts are sent: the longest wait of one of them, because the rate and the connection are those of all.
 *
 * @param isNow without the backoff of attempts that got no answer; a time that the server has named still counts
 */
export function waitOf(posts: readonly PendingPost[], now: number, isNow: boolean): number {
  const attempts = isNow ? 0 : Math.max(0, ...posts.map((post) => post.attempts));
  const backoff = attempts > 0 ? retryDelay(attempts) : 0;
  return Math.max(backoff, ...posts.map(({ notBefore = 0 }) => notBefore - now));
}

/** After a rejection: the user decides whether to retry or to discard. */
export function markFailed(outbox: Outbox, clientId: string, failure: string): Outbox {
  return change(outbox, clientId, (post) => ({ ...post, state: 'failed', failure, attempts: 0 }));
}

export function retry(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ failure: _, ...post }) => ({ ...post, state: 'waiting', attempts: 0 }));
}

export function remove(outbox: Outbox, clientId: string): Outbox {
  return outbox.filter(({ message }) => message.clientId !== clientId);
}

/** Returns the milliseconds until the next attempt after `attempts` unanswered ones. */
export function retryDelay(attempts: number): number {
  return Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** Math.max(0, attempts - 1));
}

/** Returns the outbox of an earlier visit: posts that were being sent wait again, and none waits for a time of another clock. Malformed text returns an empty outbox. */
export function restore(stored: string | null): Outbox {
  if (stored === null) return [];
  try {
    const posts: unknown = JSON.parse(stored);
    if (!Array.isArray(posts)) return [];
    return (posts as PendingPost[])
      .filter((post) => typeof post?.discussion === 'string' && typeof post.message?.clientId === 'string')
      .map(({ notBefore: _, ...post }) => (post.state === 'sending' ? { ...post, state: 'waiting' } : post));
  } catch {
    return [];
  }
}

/**
 * Returns the pending posts of a discussion that its messages do not show yet. The live event of a message may arrive before the answer to
 * its post, and contains no client id: such a message is recognised by its author and text.
 */
export function shownPending(outbox: Outbox, discussion: string, messages: readonly Message[], me: string): PendingPost[] {
  const used = new Set<number>();
  return outbox.filter((post) => {
    if (post.discussion !== discussion) return false;
    if (post.state === 'failed') return true;
    const twin = messages.findLast(
      ({ seq, author, text }) => author === me && seq > post.afterSeq && text === (post.message.text ?? '') && !used.has(seq),
    );
    if (twin) used.add(twin.seq);
    return !twin;
  });
}

function change(outbox: Outbox, clientId: string, next: (post: PendingPost) => PendingPost): Outbox {
  return outbox.map((post) => (post.message.clientId === clientId ? next(post) : post));
}
