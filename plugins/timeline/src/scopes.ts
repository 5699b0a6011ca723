import type { Bearer } from '@sluice/plugin-api';

export const READ = 'timeline:read';
export const WRITE = 'timeline:write';

/** Returns whether the bearer may change the calendars. */
export function mayWrite({ scopes }: Pick<Bearer, 'scopes'>): boolean {
  return scopes.some((scope) => scope === WRITE || scope === 'admin');
}

/** Returns whether the bearer may read the calendars. */
export function mayRead(bearer: Pick<Bearer, 'scopes'>): boolean {
  return mayWrite(bearer) || bearer.scopes.includes(READ);
}
