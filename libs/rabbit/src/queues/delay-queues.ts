/**
 * Rungs of the delay ladder: a queue each, whose messages expire after its time. Messages of one queue expire in the order they came, so
 * each has one time for all; any delay is a walk down the rungs.
 */
export const RUNGS = [
  { name: 'delay.1s', ms: 1_000 },
  { name: 'delay.5s', ms: 5_000 },
  { name: 'delay.15s', ms: 15_000 },
  { name: 'delay.1m', ms: 60_000 },
  { name: 'delay.5m', ms: 300_000 },
  { name: 'delay.15m', ms: 900_000 },
  { name: 'delay.1h', ms: 3_600_000 },
] as const;

/** Half of the shortest rung: a message comes at most this much before or after its time. */
const SLACK_MS = 500;

/** The largest rung that fits what is left; undefined when the message is due. */
export function rungFor(leftMs: number): (typeof RUNGS)[number] | undefined {
  return RUNGS.findLast(({ ms }) => ms <= leftMs + SLACK_MS);
}
