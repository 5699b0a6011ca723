/**
 * The delay queues. The messages of each queue expire after its time. Messages of one queue expire in the order of their arrival, so a
 * queue has one time for all its messages, and a delay is a sequence of these queues, from the longest to the shortest.
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

/** Half of the shortest time: a message arrives at most this much before or after its due time. */
const SLACK_MS = 500;

/** Returns the longest delay queue that fits the remaining time; undefined when the message is due. */
export function rungFor(leftMs: number): (typeof RUNGS)[number] | undefined {
  return RUNGS.findLast(({ ms }) => ms <= leftMs + SLACK_MS);
}
