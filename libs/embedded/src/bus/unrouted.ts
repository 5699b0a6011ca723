import type { Link } from './link.js';

const KEPT_DAYS = 7;
const CAP_BYTES = 1024 ** 3;

/** Deletes what lay in `unrouted` for too long, and tells whether it is full. */
export async function tidyUnrouted(link: Link): Promise<boolean> {
  await link.query(`delete from message where queue = 'unrouted' and at < now() - interval '${KEPT_DAYS} days'`);
  // the length of a long body is read from its row, without the body
  const { rows } = await link.query<{ full: boolean }>(
    `select coalesce(sum(octet_length(headers) + octet_length(body)), 0) >= $1 as full from message where queue = 'unrouted'`,
    [CAP_BYTES],
  );
  return rows[0]?.full ?? false;
}
