import { isEventType } from '@sluice/plugin-api';
import { stompFail } from './failures.js';

/** What can be subscribed to. */
export type Source =
  { readonly kind: 'user' } | { readonly kind: 'topic'; readonly topic: string } | { readonly kind: 'replies' };

/** What can be sent to. */
export type Target =
  | { readonly kind: 'event'; readonly type: string }
  | { readonly kind: 'flow'; readonly flow: string }
  | { readonly kind: 'answer'; readonly to: string };

const REPLIES = '/user/replies/';

/** Throws `STOMP_DESTINATION`. */
export function parseSource(destination: string): Source {
  if (destination === '/user/events') return { kind: 'user' };
  if (isReplies(destination)) return { kind: 'replies' };
  const topic = nameAfter('/topic/', destination);
  if (topic !== undefined) return { kind: 'topic', topic };
  throw stompFail.STOMP_DESTINATION(
    destination.startsWith('/user/')
      ? `${shown(destination)} is not for this session: it hears events of its own user only, at /user/events`
      : `nothing can be subscribed to at ${shown(destination)}`,
  );
}

/** Throws `STOMP_DESTINATION`. */
export function parseTarget(destination: string): Target {
  const type = nameAfter('/events/', destination);
  if (type !== undefined) return { kind: 'event', type };
  const flow = nameAfter('/flows/', destination);
  if (flow !== undefined) return { kind: 'flow', flow };
  const to = nameAfter('/answers/', destination);
  if (to !== undefined) return { kind: 'answer', to };
  throw stompFail.STOMP_DESTINATION(`nothing can be sent to ${shown(destination)}`);
}

/** A place of the session itself, where it wants the answer of a flow. */
export function isReplies(destination: string): boolean {
  return destination.startsWith(REPLIES) && destination.length > REPLIES.length;
}

/** Topics, event types and flows are named alike: words joined by dots. So is an event that waits for an answer, by its id. */
function nameAfter(prefix: string, destination: string): string | undefined {
  const name = destination.startsWith(prefix) ? destination.slice(prefix.length) : '';
  return isEventType(name) ? name : undefined;
}

const SHOWN = 100;

function shown(destination: string): string {
  return JSON.stringify(destination.length > SHOWN ? `${destination.slice(0, SHOWN)}…` : destination);
}
