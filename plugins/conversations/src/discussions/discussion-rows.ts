import type { Discussion } from '../contract.js';
import { visibleTo } from '../messages/message-rows.js';

/** A discussion as one of its members sees it. */
export interface DiscussionRow {
  /** The member. */
  readonly viewer: string;
  readonly id: string;
  readonly kind: Discussion['kind'];
  readonly key: string | null;
  readonly title: string;
  readonly context: string | null;
  readonly members: Discussion['members'];
  readonly memberCount: number;
  readonly lastSeq: number;
  readonly readSeq: number;
  readonly unread: number;
  readonly mentioned: boolean;
  readonly mutedUntil: Date | null;
  readonly role: Discussion['role'];
  readonly archivedAt: Date | null;
  readonly activeAt: Date;
  /** Microseconds since 1970 of `activeAt`: the key of pages. */
  readonly position: string;
}

/** The number of unread messages is counted up to this. */
export const MAX_UNREAD = 100;
/** Number of the newest messages among which mentions are looked for. */
const MENTIONS_SEARCHED = 1_000;
/** Number of members that a discussion contains; the others are read by pages. */
export const MEMBERS_SHOWN = 10;

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The fields of a member as JSON; `o` is the row of `member`. */
export const MEMBER_JSON = `json_build_object('person', o.person, 'role', o.role, 'readSeq', o.read_seq, 'deliveredSeq', o.delivered_seq,
  'joinedAt', ${iso('o.joined_at')})`;

/** Condition: the message `x` is unread for the member `m`. */
export const UNREAD = `x.subscriber = $1 and x.discussion = m.discussion and x.seq > m.read_seq and x.author <> m.person
  and x.deleted_at is null and ${visibleTo('m.person')}`;

/** Columns of {@link DiscussionRow}; `m` is the row of the member who sees the discussion, `d` that of the discussion, `$1` the subscriber. */
export const DISCUSSION = `m.person as viewer, d.id, d.kind, d.key, d.title, d.context,
  (select json_agg(${MEMBER_JSON} order by o.joined_at, o.person) from (
    select * from member where subscriber = $1 and discussion = d.id order by joined_at, person limit ${MEMBERS_SHOWN}
  ) o) as members,
  (select count(*)::int from member where subscriber = $1 and discussion = d.id) as "memberCount",
  d.last_seq::float8 as "lastSeq", m.read_seq::float8 as "readSeq",
  case when d.last_seq = m.read_seq then 0 else
    (select count(*)::int from (select from message x where ${UNREAD} limit ${MAX_UNREAD}) one) end as unread,
  d.last_seq > m.read_seq and exists (
    select from message x where ${UNREAD} and x.seq > d.last_seq - ${MENTIONS_SEARCHED} and x.spans @> jsonb_build_array(jsonb_build_object('kind', 'mention', 'person', m.person))
  ) as mentioned,
  m.muted_until as "mutedUntil", m.role, d.archived_at as "archivedAt", d.active_at as "activeAt",
  (extract(epoch from d.active_at) * 1000000)::bigint::text as position`;

/** Converts a row to the discussion of the API, without its newest message. */
export function discussionOf(row: DiscussionRow): Discussion {
  const { id, kind, key, title, context, members, memberCount, lastSeq, readSeq, unread, mentioned, role } = row;
  return {
    id,
    kind,
    ...(key !== null && { key }),
    title,
    ...(context !== null && { context }),
    members,
    memberCount,
    lastSeq,
    readSeq,
    unread,
    mentioned,
    ...(row.mutedUntil && { mutedUntil: row.mutedUntil.toISOString() }),
    role,
    ...(row.archivedAt && { archivedAt: row.archivedAt.toISOString() }),
    activeAt: row.activeAt.toISOString(),
  };
}
