/**
 * The state of PostgreSQL's transactions as `first:end:running`: all before `first` have ended, none from `end` on, and in between those
 * that are not in the list. See https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export type Snapshot = string;

/** Returns the snapshot without the transactions after `last`. */
export function upTo(last: string, snapshot: Snapshot): Snapshot {
  const end = BigInt(last) + 1n;
  const [, , list = ''] = snapshot.split(':');
  const running = list.split(',').filter((xid) => xid !== '' && BigInt(xid) < end);
  return `${running[0] ?? end}:${end}:${running.join(',')}`;
}
