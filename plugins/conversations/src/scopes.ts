import type { Bearer } from '@sluice/plugin-api';
import { conversationsFail } from './failures.js';

/** The scope of a person. */
export const PERSON = 'conversations';
/** The scope of server code of an application, such as 1C at the server. It contains {@link PERSON}. */
export const SERVER = 'conversations:server';

/** Returns whether the bearer is server code of an application. */
export function isServer({ scopes }: Pick<Bearer, 'scopes'>): boolean {
  return scopes.includes(SERVER);
}

/** Returns whether the bearer may take part in conversations. The scope `admin` is no such right: operators read no messages. */
export function mayConverse(bearer: Pick<Bearer, 'scopes'>): boolean {
  return bearer.scopes.includes(PERSON) || isServer(bearer);
}

/** Throws `CONVERSATIONS_FORBIDDEN`. */
export function requireConverse(bearer: Bearer): void {
  if (!mayConverse(bearer))
    throw conversationsFail.CONVERSATIONS_FORBIDDEN(`the token of ${bearer.user} lacks the scope ${PERSON}`, { sent: 'no' });
}
