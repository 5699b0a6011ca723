import { statement } from '../database/statement.js';
import { DISCUSSION, MEMBER_JSON, UNREAD, MAX_UNREAD, type DiscussionRow } from './discussion-rows.js';
import type { Discussion } from '../contract.js';
import { MESSAGE, type MessageRow } from '../messages/message-rows.js';

/** What a caller may do in a discussion. */
export interface MembershipRow {
  readonly kind: Discussion['kind'];
  readonly role: Discussion['role'];
  readonly archived: boolean;
}

const POSITION = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint`;

/** The discussions of `$2`, newest activity first. `$3` kind, `$4` pattern of the title, `$5` archived, `$6` and `$7` position, `$8` limit. */
export const LIST = statement<DiscussionRow>(
  'list',
  `select ${DISCUSSION}
   from member m join discussion d on d.subscriber = $1 and d.id = m.discussion
   where m.subscriber = $1 and m.person = $2
     and case when $3::text is null then d.kind <> 'channel' else d.kind = $3 end
     and (d.archived_at is not null) = $5::boolean
     and ($4::text is null or d.title ilike $4 or (d.kind = 'direct' and exists (
       select from member o join person p on p.subscriber = $1 and p.id = o.person
       where o.subscriber = $1 and o.discussion = d.id and o.person <> $2 and p.name ilike $4)))
     and ($6::bigint is null or (${POSITION('d.active_at')}, d.id) < ($6, $7::uuid))
   order by d.active_at desc, d.id desc limit $8`,
);

/** The discussion `$2` as each of the people `$3` sees it; null: all members. */
export const VIEWS = statement<DiscussionRow>(
  'views',
  `select ${DISCUSSION}
   from member m join discussion d on d.subscriber = $1 and d.id = m.discussion
   where m.subscriber = $1 and m.discussion = $2 and ($3::uuid[] is null or m.person = any($3))`,
);

/** The newest message that `$2` may see, in each of the discussions `$3`. */
export const NEWEST = statement<MessageRow>(
  'newest',
  `select ${MESSAGE}
   from unnest($3::uuid[]) as wanted(discussion)
   join member m on m.subscriber = $1 and m.discussion = wanted.discussion and m.person = $2
   cross join lateral (
     select * from message where subscriber = $1 and discussion = wanted.discussion
       and (recipients is null or author = $2 or $2 = any(recipients)) order by seq desc limit 1
   ) x`,
);

/** An existing discussion, and whether a person is a member. */
export interface FoundRow {
  readonly id: string;
  readonly kind: Discussion['kind'];
  readonly isMember: boolean;
}

const FOUND = `select id, kind, exists (
    select from member where subscriber = $1 and discussion = id and person = $3) as "isMember" from discussion where subscriber = $1`;

/** The discussion `$2`, for `$3`. */
export const BY_ID = statement<FoundRow>('by id', `${FOUND} and id = $2`);

/** The discussion with the key `$2`, for `$3`. */
export const BY_KEY = statement<FoundRow>('by key', `${FOUND} and key = $2`);

/** The direct discussion of the pair `$2`, for `$3`. */
export const BY_PAIR = statement<FoundRow>('by pair', `${FOUND} and pair = $2`);

/**
 * Creates a discussion with the members `$9`, unless one with the same id, key or pair exists or one of the people does not exist. `$8` is the
 * creator. `known` is the number of people that exist; `at` is null when nothing was created.
 */
export const CREATE = statement<{ readonly known: number; readonly at: Date | null }>(
  'create',
  `with known as (
     select count(*)::int as count from person where subscriber = $1 and id = any($9::uuid[]) and erased_at is null
   ), made as (
     insert into discussion (subscriber, id, kind, key, pair, title, context, created_by)
     select $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text, $8::uuid from known where count = cardinality($9::uuid[])
     on conflict do nothing returning id, active_at
   ), joined as (
     insert into member (subscriber, discussion, person, role)
     select $1, made.id, one.person, case when $3::text = 'direct' or one.person = $8::uuid then 'owner' else 'member' end
     from made cross join unnest($9::uuid[]) as one (person)
   )
   select known.count as known, made.active_at as at from known left join made on true`,
);

/**
 * Adds the people `$3` to the discussion `$2` with the role `$4`, and returns those who were no members. The lock keeps the order of joining
 * and posting: a new member sees `last_seq` of each earlier message, and receives each later one.
 */
export const JOIN = statement<{ readonly person: string }>(
  'join',
  `with locked as (select id from discussion where subscriber = $1 and id = $2 for no key update)
   insert into member (subscriber, discussion, person, role)
   select $1, locked.id, p.id, coalesce($4, case when exists (
     select from member where subscriber = $1 and discussion = $2 and role = 'owner') then 'member' else 'owner' end)
   from locked join person p on p.subscriber = $1 and p.id = any($3::uuid[]) and p.erased_at is null
   on conflict do nothing returning person`,
);

/** Number of the people `$2` that exist. */
export const COUNT_PEOPLE = statement<{ readonly count: number }>(
  'count people',
  `select count(*)::int as count from person where subscriber = $1 and id = any($2::uuid[]) and erased_at is null`,
);

/** Number of the members of `$2`. */
export const COUNT_MEMBERS = statement<{ readonly count: number }>(
  'count members',
  `select count(*)::int as count from member where subscriber = $1 and discussion = $2`,
);

/** Rights of `$3` in the discussion `$2`. */
export const MEMBERSHIP = statement<MembershipRow>(
  'membership',
  `select d.kind, m.role, d.archived_at is not null as archived
   from member m join discussion d on d.subscriber = $1 and d.id = m.discussion
   where m.subscriber = $1 and m.discussion = $2 and m.person = $3`,
);

/** As {@link MEMBERSHIP}, and locks the discussion. */
export const LOCKED_MEMBERSHIP = statement<MembershipRow>('locked membership', `${MEMBERSHIP.text} for no key update of d`);

/** Changes the discussion `$2`: null leaves a field as it is. `$3` title, `$4` archived, `$5` whether `$6` are the days of retention. */
export const CHANGE = statement<object>(
  'change',
  `update discussion set title = coalesce($3, title),
     archived_at = case when $4::boolean is null then archived_at when $4 then coalesce(archived_at, now()) end,
     retention_days = case when $5::boolean then $6::integer else retention_days end
   where subscriber = $1 and id = $2`,
);

/** Mutes the discussion `$2` for `$3` until `$4`. */
export const MUTE = statement<object>(
  'mute',
  `update member set muted_until = $4 where subscriber = $1 and discussion = $2 and person = $3`,
);

/** Removes the person `$3` from the discussion `$2`. */
export const LEAVE = statement<{ readonly person: string }>(
  'leave',
  `delete from member where subscriber = $1 and discussion = $2 and person = $3 returning person`,
);

/** Makes the oldest member of the discussion `$2` an owner when it has none. */
export const PROMOTE = statement<object>(
  'promote',
  `update member set role = 'owner' where subscriber = $1 and discussion = $2
     and person = (select person from member where subscriber = $1 and discussion = $2 order by joined_at, person limit 1)
     and not exists (select from member where subscriber = $1 and discussion = $2 and role = 'owner')`,
);

/** Members of the discussion `$2` of which `$3` is a member, in the order of joining, after the position `$4` and `$5`. */
export const MEMBERS = statement<{
  readonly position: string;
  readonly id: string;
  readonly member: Discussion['members'][number];
}>(
  'members',
  `select ${POSITION('o.joined_at')}::text as position, o.person as id, ${MEMBER_JSON} as member
   from member o
   where o.subscriber = $1 and o.discussion = $2
     and exists (select from member where subscriber = $1 and discussion = $2 and person = $3)
     and ($4::bigint is null or (${POSITION('o.joined_at')}, o.person) > ($4, $5::uuid))
   order by o.joined_at, o.person limit $6`,
);

/** People who are members of the discussion `$2`, when `$3` is one. */
export const MEMBER_IDS = statement<{ readonly person: string }>(
  'member ids',
  `select person from member where subscriber = $1 and discussion = $2
     and exists (select from member where subscriber = $1 and discussion = $2 and person = $3)`,
);

/** Unread messages of `$2` in the discussions that are neither muted nor archived nor channels. */
export const UNREAD_TOTAL = statement<{ readonly discussions: number; readonly messages: number }>(
  'unread',
  `select count(*) filter (where unread > 0)::int as discussions, coalesce(sum(unread), 0)::int as messages
   from member m join discussion d on d.subscriber = $1 and d.id = m.discussion
   cross join lateral (select count(*) as unread from (select from message x where ${UNREAD} limit ${MAX_UNREAD}) one) counted
   where m.subscriber = $1 and m.person = $2 and d.last_seq > m.read_seq and d.archived_at is null and d.kind <> 'channel'
     and (m.muted_until is null or m.muted_until < now())`,
);
