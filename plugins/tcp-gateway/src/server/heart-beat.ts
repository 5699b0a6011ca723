import { stompFail } from './failures.js';

/** In milliseconds; 0: none. */
export interface HeartBeat {
  readonly send: number;
  readonly expect: number;
}

/** A longer interval than a day would be none. */
const MAX_INTERVAL_MS = 86_400_000;

/** What both sides do, of what this side can and wants and what the client's header says; no header: none. Throws `STOMP_HEADER`. */
export function negotiate(ours: HeartBeat, header: string | undefined): HeartBeat {
  const match = /^(\d{1,15}),(\d{1,15})$/.exec(header ?? '0,0');
  if (!match) throw stompFail.STOMP_HEADER('the header heart-beat is not two numbers of milliseconds with a comma between them');
  return { send: agree(ours.send, Number(match[2])), expect: agree(ours.expect, Number(match[1])) };
}

function agree(ours: number, theirs: number): number {
  return ours === 0 || theirs === 0 ? 0 : Math.min(Math.max(ours, theirs), MAX_INTERVAL_MS);
}
