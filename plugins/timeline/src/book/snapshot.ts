/**
 * Which transactions of PostgreSQL had ended, `first:end:running`: all before `first`, none from `end` on, and between the two those that are not
 * in the list. https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export type Snapshot = string;

/** The same without what came after the transaction `last`. */
export function upTo(last: string, snapshot: Snapshot): Snapshot {
  const end = BigInt(last) + 1n;
  const [, , list = ''] = snapshot.split(':');
  const running = list.split(',').filter((xid) => xid !== '' && BigInt(xid) < end);
  return `${running[0] ?? end}:${end}:${running.join(',')}`;
}
