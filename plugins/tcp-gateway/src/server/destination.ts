import { isEventType } from '@sluice/plugin-api';
import { stompFail } from './stomp-failures.js';

/** A destination of SUBSCRIBE. */
export type Source =
  | { readonly kind: 'user' }
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'replies' }
  | { readonly kind: 'plugin'; readonly destination: string };

/** A destination of SEND. */
export type Target =
  | { readonly kind: 'event'; readonly type: string }
  | { readonly kind: 'flow'; readonly flow: string }
  | { readonly kind: 'answer'; readonly to: string }
  | { readonly kind: 'plugin'; readonly destination: string };

/** Returns whether a plugin has registered a destination. */
type IsRegistered = (destination: string) => boolean;

const REPLIES = '/user/replies/';
/** The same object for all sessions. */
const OF_USER: Source = { kind: 'user' };

/** Reads a destination of SUBSCRIBE. Throws `STOMP_DESTINATION`. */
export function parseSource(destination: string, isRegistered: IsRegistered): Source {
  if (destination === '/user/events') return OF_USER;
  if (isReplies(destination)) return { kind: 'replies' };
  const topic = nameAfter('/topic/', destination);
  if (topic !== undefined) return { kind: 'topic', topic };
  if (isRegistered(destination)) return { kind: 'plugin', destination };
  throw stompFail.STOMP_DESTINATION(
    destination.startsWith('/user/')
      ? `${shown(destination)} is not available: a session receives events of its own user only, at /user/events`
      : `${shown(destination)} is not a destination for SUBSCRIBE`,
  );
}

/** Reads a destination of SEND. Throws `STOMP_DESTINATION`. */
export function parseTarget(destination: string, isRegistered: IsRegistered): Target {
  const type = nameAfter('/events/', destination);
  if (type !== undefined) return { kind: 'event', type };
  const flow = nameAfter('/flows/', destination);
  if (flow !== undefined) return { kind: 'flow', flow };
  const to = nameAfter('/answers/', destination);
  if (to !== undefined) return { kind: 'answer', to };
  if (isRegistered(destination)) return { kind: 'plugin', destination };
  throw stompFail.STOMP_DESTINATION(`${shown(destination)} is not a destination for SEND`);
}

/** Returns true for `/user/replies/<name>`, at which a session receives replies of flows. */
export function isReplies(destination: string): boolean {
  return destination.startsWith(REPLIES) && destination.length > REPLIES.length;
}

/**
 * Returns the name after the prefix. Topics, event types, flows and ids of events that wait for a reply have the same form: words joined by
 * dots.
 */
function nameAfter(prefix: string, destination: string): string | undefined {
  const name = destination.startsWith(prefix) ? destination.slice(prefix.length) : '';
  return isEventType(name) ? name : undefined;
}

const MAX_SHOWN_CHARACTERS = 100;

function shown(destination: string): string {
  return JSON.stringify(
    destination.length > MAX_SHOWN_CHARACTERS ? `${destination.slice(0, MAX_SHOWN_CHARACTERS)}…` : destination,
  );
}
