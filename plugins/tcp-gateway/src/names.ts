import type { Bearer } from '@sluice/plugin-api';
import { gatewayFail } from './failures.js';

export const MAX_NAME_LENGTH = 200;

/**
 * Returns whether the text may name a user, a workplace, an extension or a group. PostgreSQL accepts no NUL and no long values in an index,
 * and one invalid name would fail the statement that it shares with names of other clients.
 */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(text);
}

/** Checks the names in a token and in a CONNECT frame. Throws `GATEWAY_NAME`. */
export function checkNames({ sub, extension, groups }: Bearer, workplace: string | undefined): void {
  const given = { user: [sub], workplace: [workplace], extension: [extension], group: groups };
  for (const [kind, names] of Object.entries(given)) {
    if (names.every((name) => name === undefined || isName(name))) continue;
    throw gatewayFail.GATEWAY_NAME(`the ${kind} of the client or its token is not a valid name`);
  }
}

/**
 * Verifies that a token which lists workplaces allows the workplace that its client names. A token without a list allows any.
 *
 * @throws `GATEWAY_WORKPLACE`
 */
export function checkWorkplace({ user, workplaces }: Bearer, workplace: string): void {
  if (workplaces === undefined || workplaces.includes(workplace)) return;
  throw gatewayFail.GATEWAY_WORKPLACE(`the token of ${user} does not allow the workplace ${JSON.stringify(workplace)}`);
}
