import { expect } from '@jest/globals';
import type { z } from 'zod';

/** Returns an optional method of the peer; throws when it is missing. */
export function able<Peer, Part extends keyof Peer & string>(peer: Peer, part: Part): NonNullable<Peer[Part]> {
  const ability = peer[part];
  if (ability === undefined || ability === null)
    throw new Error(`the peer has no "${part}": add it, or waive this promise with a reason`);
  return ability;
}

/** Fails unless the schema accepts the value, and refuses it with an additional key. */
export function expectStrict(schema: z.ZodType, value: unknown): void {
  expect(schema.safeParse(value).success).toBe(true);
  expect(schema.safeParse({ ...(value as object), sluiceUnknownKey: 1 }).success).toBe(false);
}
