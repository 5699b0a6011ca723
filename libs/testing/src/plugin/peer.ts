import { expect } from '@jest/globals';
import type { z } from 'zod';

/** What the peer can play; throws when it cannot. */
export function able<Peer, Part extends keyof Peer & string>(peer: Peer, part: Part): NonNullable<Peer[Part]> {
  const ability = peer[part];
  if (ability === undefined || ability === null)
    throw new Error(`the peer cannot "${part}": teach it, or waive this promise with a reason`);
  return ability;
}

/** Fails unless the schema takes the value, and refuses it with one key more. */
export function expectStrict(schema: z.ZodType, value: unknown): void {
  expect(schema.safeParse(value).success).toBe(true);
  expect(schema.safeParse({ ...(value as object), sluiceUnknownKey: 1 }).success).toBe(false);
}
