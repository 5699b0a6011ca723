import type { Bearer } from '@sluice/plugin-api';
import { gatewayFail } from './failures.js';

export const MAX_NAME_LENGTH = 200;

/**
 * May it name a user, a workplace, an extension or a group? PostgreSQL takes no NUL and indexes nothing long, and one name that it refuses
 * would fail the statement that it shares with everybody else's.
 */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(text);
}

/** Throws `GATEWAY_NAME` when what a client or its token says of itself cannot be kept. */
export function checkNames({ sub, extension, groups }: Bearer, workplace: string | undefined): void {
  const said = { user: [sub], workplace: [workplace], extension: [extension], group: groups };
  for (const [kind, names] of Object.entries(said)) {
    if (names.every((name) => name === undefined || isName(name))) continue;
    throw gatewayFail.GATEWAY_NAME(`what the client or its token gives as ${kind} is no name`);
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
