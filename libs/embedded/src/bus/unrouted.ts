import type { Link } from './link.js';

const KEPT_DAYS = 7;
const CAP_BYTES = 1024 ** 3;

/** Deletes messages that have been in `unrouted` for too long. Resolves with whether the queue has reached its limit. */
export async function tidyUnrouted(link: Link): Promise<boolean> {
  await link.query(`delete from message where queue = 'unrouted' and at < now() - interval '${KEPT_DAYS} days'`);
  // PostgreSQL reads the length of a long body from its row, without the body
  const { rows } = await link.query<{ full: boolean }>(
    `select coalesce(sum(octet_length(headers) + octet_length(body)), 0) >= $1 as full from message where queue = 'unrouted'`,
    [CAP_BYTES],
  );
  return rows[0]?.full ?? false;
}
