import type { DesktopClient, DesktopMessage, DestinationSpec } from '@sluice/plugin-api';
import { z } from 'zod';
import { marks, newMessage, uuid, type NewMessage } from '../contract.js';
import type { Actor, Discussions } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import type { Quotas } from '../limits/quotas.js';
import type { Messages } from '../messages/messages.js';
import type { Caller, People } from '../people/people.js';
import { isServer, mayConverse } from '../scopes.js';
import { feedPath, prefixOf } from './live-feed.js';

/** Bodies of SEND frames by the last word of the destination. The client id of a post is the header `id`, or stands in the body. */
const BODIES = {
  post: newMessage.partial({ clientId: true }).extend({ discussion: uuid }),
  typing: z.strictObject({ discussion: uuid }),
  read: marks,
  delivered: marks,
};

export interface DestinationsDeps {
  /** Name of the connection. */
  readonly connection: string;
  readonly people: Pick<People, 'callerOf'>;
  readonly discussions: Pick<Discussions, 'typing'>;
  readonly messages: Pick<Messages, 'post' | 'read' | 'delivered'>;
  readonly quotas: Pick<Quotas, 'post'>;
}

/**
 * Returns the STOMP destinations of a connection: `people/<id>`, the feed of a person, which this person alone may read, and `post`, `typing`,
 * `read` and `delivered`, to which each person may send.
 */
export function destinationsOf({ connection, people, discussions, messages, quotas }: DestinationsDeps): DestinationSpec {
  const actorOf = async ({ bearer }: DesktopClient): Promise<Actor & Caller> => ({
    ...(await people.callerOf(bearer)),
    isServer: isServer(bearer),
  });
  return {
    prefix: prefixOf(connection),
    mayRead: async (client, path) => mayConverse(client.bearer) && path === feedPath((await actorOf(client)).person),
    mayWrite: ({ bearer }, path) => mayConverse(bearer) && Object.hasOwn(BODIES, path),
    receive: async (message) => {
      const actor = await actorOf(message.client);
      switch (message.path) {
        case 'post':
          quotas.post(actor);
          return void (await messages.post(actor, ...postOf(message)));
        case 'typing':
          return discussions.typing(actor, bodyOf(message, 'typing').discussion);
        case 'read':
          return messages.read(actor, bodyOf(message, 'read').marks);
        case 'delivered':
          return messages.delivered(actor, bodyOf(message, 'delivered').marks);
      }
    },
  };
}

function postOf(sent: DesktopMessage): [discussion: string, message: NewMessage] {
  const { discussion, clientId = sent.headers.get('id'), ...message } = bodyOf(sent, 'post');
  const checked = newMessage.shape.clientId.safeParse(clientId);
  if (!checked.success) throw invalid('post', 'the header id, which recognises a repeated post, has 1 to 100 characters');
  return [discussion, { ...message, clientId: checked.data }];
}

function bodyOf<Name extends keyof typeof BODIES>({ data }: DesktopMessage, name: Name): z.output<(typeof BODIES)[Name]> {
  const parsed = BODIES[name].safeParse(data);
  if (!parsed.success) throw invalid(name, z.prettifyError(parsed.error).slice(0, 500));
  return parsed.data as z.output<(typeof BODIES)[Name]>;
}

function invalid(name: string, reason: string): Error {
  return conversationsFail.CONVERSATIONS_INVALID(`the body of ${name} is not valid: ${reason}`, { sent: 'no' });
}
