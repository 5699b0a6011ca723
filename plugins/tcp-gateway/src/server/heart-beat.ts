import { stompFail } from './stomp-failures.js';

/** Intervals in milliseconds; 0 means none. */
export interface HeartBeat {
  readonly send: number;
  readonly expect: number;
}

/** Longer intervals are shortened to a day. */
const MAX_INTERVAL_MS = 86_400_000;

/**
 * Negotiates the intervals of both directions as STOMP 1.2 defines it.
 *
 * @param ours offer of the server
 * @param header header `heart-beat` of CONNECT; without it there are no heart-beats
 * @throws `STOMP_HEADER`
 */
export function negotiate(ours: HeartBeat, header: string | undefined): HeartBeat {
  const match = /^(\d{1,15}),(\d{1,15})$/.exec(header ?? '0,0');
  if (!match) throw stompFail.STOMP_HEADER('the header heart-beat must be two numbers of milliseconds with a comma between them');
  return { send: agree(ours.send, Number(match[2])), expect: agree(ours.expect, Number(match[1])) };
}

function agree(ours: number, theirs: number): number {
  return ours === 0 || theirs === 0 ? 0 : Math.min(Math.max(ours, theirs), MAX_INTERVAL_MS);
}
