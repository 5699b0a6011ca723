const FIRST_MS = 100;
const LAST_MS = 3_000;

/** Doubles with each attempt, from 0.1 s to 3 s, half to one and a half of it by chance, so that hosts do not come back all at once. */
export function backOff(attempt: number): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** attempt) * (0.5 + Math.random());
}
