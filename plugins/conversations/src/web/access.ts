import { connectionGuard } from '@sluice/web-ui/server';
import type { Conversations } from '../conversations.js';
import type { Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import type { Caller } from '../people/people.js';
import { isServer, requireConverse } from '../scopes.js';
import { asHttp } from './problem.js';

/** The caller of a request, and the conversations that it concerns. */
export interface Visit {
  readonly conversations: Conversations;
  readonly caller: Caller;
  readonly actor: Actor;
}

/** Somebody who manages people: an operator, or server code of their application. */
export interface Management {
  readonly conversations: Conversations;
  /** Absent: an operator, who manages the people of all applications. */
  readonly application?: { readonly subscriber: string; readonly id: string };
}

const shared = {
  plugin: 'conversations',
  parameter: 'connection',
  missing: (name: string | undefined) =>
    conversationsFail.CONVERSATIONS_MISSING(
      name === undefined
        ? 'sluice.yaml has no connection that uses conversations'
        : `there is no connection "${name}" that uses conversations`,
    ),
  asHttp,
};

export const { Guard: ConversationsGuard, Visitor } = connectionGuard<Conversations, Visit>({
  ...shared,
  authorize: (_, bearer) => requireConverse(bearer),
  visit: async (conversations, bearer) => {
    const caller = await conversations.people.callerOf(bearer);
    const actor = { subscriber: caller.subscriber, person: caller.person, isServer: isServer(bearer) };
    return { conversations, caller, actor };
  },
});

/** Admits tokens with the scope `admin` or `conversations:server`. */
export const { Guard: ManagerGuard, Visitor: Manager } = connectionGuard<Conversations, Management>({
  ...shared,
  authorize: ({ tokens }, bearer) => {
    if (!isServer(bearer)) tokens.requireScope(bearer, 'admin');
  },
  visit: async (conversations, bearer) => {
    if (bearer.scopes.includes('admin')) return { conversations };
    const { subscriber, application } = await conversations.people.callerOf(bearer);
    return { conversations, application: { subscriber, id: application } };
  },
});
