import { describe, expect, it } from '@jest/globals';

/** Tests of a suite by title. */
export type Promises = Readonly<Record<string, () => Promise<void>>>;

/** Promises that a connector cannot keep, by title, with the reason. */
export type Waivers = Readonly<Record<string, string>>;

/**
 * Registers one test per promise. A waived promise has to be broken: a waiver that is no longer needed fails, and so does one whose title
 * is not a promise.
 */
export function describePromises(subject: string, promises: Promises, waive: Waivers = {}): void {
  for (const title of Object.keys(waive)) {
    if (!(title in promises))
      throw new Error(`${subject}: the waiver "${title}" is not a promise; there are: ${Object.keys(promises).join('; ')}`);
  }
  describe(subject, () => {
    for (const [title, test] of Object.entries(promises)) {
      const reason = waive[title];
      if (reason === undefined) it(title, test);
      else it(`does not promise: ${title} (${reason})`, () => expect(test()).rejects.toThrow());
    }
  });
}
