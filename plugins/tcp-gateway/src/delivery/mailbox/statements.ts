import type { MailboxPosition } from './mailbox.js';

/**
 * Statements of the mailbox. Each is one transaction and one round trip for any number of senders, readers or acknowledgements. Rows that
 * several hosts may change are locked in the order of users, so that two statements cannot deadlock; `ACKNOWLEDGE` is the exception.
 *
 * The columns `place` and `height` are called `seq` and `highestSeq` outside of this file.
 */

/** Returns positions as the parameters `$1` and `$2` of a statement. */
export function columns(positions: readonly MailboxPosition[]): [string[], number[]] {
  return [positions.map(({ user }) => user), positions.map(({ seq }) => seq)];
}

/**
 * Turns the row of an event that leaves its mailbox into a tombstone: the row loses headers and body and keeps the id of the event. A
 * repeat of the event conflicts with the tombstone even if its snapshot does not contain it, because a unique index ignores snapshots.
 */
const LEAVE = (at: string) => `update mail set left_at = ${at}, headers = '', body = ''`;

/**
 * Puts events. Headers and bodies are one parameter of bytes, because an array of bytea would be transferred as hexadecimal text. A repeat
 * of an event that the snapshot contains changes nothing. A repeat of an event that the snapshot does not contain uses up a position. Returns a
 * row for each event that the snapshot did not contain, with `seq` null for a repeat.
 *
 * Every row of both joins has a partner or may have none, so they could be inner joins. As full joins they cannot be executed as nested loops:
 * PostgreSQL plans a prepared statement for arrays of ten elements, and its nested loops compared each of up to 1,000 events with each other
 * one. With 1,000 events a put took 98 us of PostgreSQL for each event, and takes 34 us.
 */
export const PUT = `
with input as materialized (
  select n, name, id, workplace, collapse_key, due, expires, sent,
         convert_from(substring($1::bytea from start + 1 for head), 'UTF8') as headers,
         substring($1::bytea from start + head + 1 for size) as body
  from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[], $9::integer[], $10::integer[], $11::integer[])
    with ordinality as input (name, id, workplace, collapse_key, due, expires, sent, start, head, size, n)
), fresh as materialized (
  select * from input
  -- one look-up for each row: a join would read the whole table, which is larger than any batch
  where (select true from mail where mail.user_name = input.name and mail.id = input.id limit 1) is null
), counted as materialized (
  insert into desktop_user as known (name, height) select name, count(*) from fresh group by name order by name
  on conflict (name) do update set height = known.height + excluded.height
  returning name, height
), placed as (
  select fresh.*, height - count(*) over (partition by name) + row_number() over (partition by name order by n) as place
  from fresh full join counted using (name)
), put as (
  insert into mail (user_name, place, id, workplace, collapse_key, due, expires, sent, headers, body)
  select name, place, id, workplace, collapse_key, due, expires, sent, headers, body from placed order by n
  on conflict (user_name, id) do nothing
  returning user_name, place
)
select placed.n::integer as n, put.place::float8 as seq from placed full join put on put.user_name = placed.name and put.place = placed.place`;

/**
 * Removes all but the newest of the events that wait for a user under one key. It is a separate statement, after the commit of `PUT`,
 * because only then it sees the events that other hosts have put meanwhile.
 */
export const COLLAPSE = `
with asked as materialized (
  select distinct name, collapse_key from unnest($1::text[], $2::text[]) as asked (name, collapse_key) order by name, collapse_key
), replaced as materialized (
  select older.user_name, older.place from asked cross join lateral (
    select user_name, place from mail
    where user_name = asked.name and mail.collapse_key = asked.collapse_key and left_at is null
    order by place desc offset 1
  ) as older
), locked as materialized (
  select mail.user_name, mail.place from mail join replaced using (user_name, place) where left_at is null
  order by user_name, place for update of mail
)
${LEAVE('$3')} from locked
where mail.user_name = locked.user_name and mail.place = locked.place and left_at is null
returning mail.user_name as user, mail.place::float8 as seq`;

/**
 * Reads events for several readers: for each of them `$6` bytes of bodies, or its first event, and `$7` bytes for all of them, or one event.
 * A reader for which no bytes are left gets no event, although `found`, the number of events up to its limit, is above zero. Due events are
 * marked as sent before they are sent.
 */
export const READ = `
with asked as (
  select * from unnest($1::text[], $2::bigint[], $3::integer[], $4::text[]) with ordinality as asked (name, after, most, workplace, n)
), waiting as materialized (
  select asked.n, mail.* from asked cross join lateral (
    select *, count(*) over () as found, sum(octet_length(body)) over (order by place) - octet_length(body) as before from (
      select user_name, place, id, workplace, due, sent, headers, body from mail
      where user_name = asked.name and place > asked.after and left_at is null and expires > $5 and (workplace is null or workplace = asked.workplace)
      order by place limit asked.most
    ) as waiting
  ) as mail
  where before < $6
), page as materialized (
  select * from (select *, sum(octet_length(body)) over (order by n, place) - octet_length(body) as before_all from waiting) as waiting
  where before_all < $7
), marked as (
  update mail set sent = true from (
    select user_name, place from mail
    where (user_name, place) in (select user_name, place from page where not sent and (due is null or due <= $5)) and left_at is null
    order by user_name, place for update
  ) as first where mail.user_name = first.user_name and mail.place = first.place and left_at is null
)
select asked.n::integer as n, coalesce(height, 0)::float8 as "highestSeq", page.place::float8 as seq, page.user_name as user, page.id, page.workplace,
       page.due::float8 as due, page.sent, page.headers, page.body, coalesce(counted.found, 0)::integer as found
from asked left join desktop_user on desktop_user.name = asked.name left join page on page.n = asked.n
left join (select n, max(found) as found from waiting group by n) as counted on counted.n = asked.n
order by asked.n, page.place`;

export const READ_AT = `
select user_name as user, mail.place::float8 as seq, id, workplace, due::float8 as due, sent, headers, body
from mail join unnest($1::text[], $2::bigint[]) as wanted (name, place) on user_name = wanted.name and mail.place = wanted.place
where left_at is null and expires > $3 order by user_name, mail.place`;

/** Returns the positions of events that still wait, from the lowest to the highest unacknowledged one of each reader. */
export const STILL_WAITING = `
select asked.n::integer as n, waiting.place::float8 as seq
from unnest($1::text[], $2::bigint[], $3::bigint[]) with ordinality as asked (name, lowest, highest, n) cross join lateral (
  select place from mail where user_name = asked.name and place between lowest and highest and left_at is null and expires > $4
) as waiting`;

const ASKED = `
with asked as materialized (
  select distinct name, place from unnest($1::text[], $2::bigint[]) as asked (name, place) order by name, place
)`;

/** Locks the rows at positions. One look-up for each: PostgreSQL might execute a join by reading all rows. */
const LOCKED = `${ASKED}, locked as materialized (
  select found.user_name, found.place from asked cross join lateral (
    select user_name, place from mail where user_name = asked.name and place = asked.place and left_at is null for update
  ) as found
)`;

/**
 * Does not lock the rows first, because the locks took a third of its time, 5 of 14 us for each event. It looks up the rows in the order of `asked`,
 * as the locks do, while the plan is a nested loop. PostgreSQL may choose another plan for a table of a few pages. If two statements then block
 * each other, PostgreSQL ends one of them after a second, and the write of acknowledgements is repeated until it succeeds.
 */
export const ACKNOWLEDGE = `${ASKED}
${LEAVE('$3')} from asked where mail.user_name = asked.name and mail.place = asked.place and left_at is null`;

export const REJECT = `${LOCKED}
update mail set rejected = rejected + 1 from locked
where mail.user_name = locked.user_name and mail.place = locked.place and left_at is null
returning mail.user_name as user, mail.place::float8 as seq, rejected`;

export const ADD_WAITING_RUN =
  'insert into waiting (user_name, id, kind, token, until) values ($1, $2, $3, $4, $5) on conflict do nothing';
export const FIND_WAITING_RUN = `select user_name as user, id, kind, token, until::float8 as until from waiting where user_name = $1 and id = $2 and until > $3`;
export const REMOVE_WAITING_RUN = 'delete from waiting where user_name = $1 and id = $2';

export const HIGHEST_SEQS = 'select name, height::float8 as "highestSeq" from desktop_user where name = any($1)';

export const RESOLVE = {
  extension: 'select name from desktop_user where extension = $1',
  group: 'select name from desktop_user where groups @> array[$1::text]',
  workplace: 'select user_name as name from workplace where name = $1',
  all: 'select name from desktop_user where seen_at is not null and $1::text is null',
};

export const KNOWN_USERS = `select name, extension, groups from desktop_user where seen_at is not null`;
export const WORKPLACES = 'select name, user_name as user, seen_at::float8 as "seenAt" from workplace';

/** Records logins. The last token of a user in the batch counts, and the last user of a workplace. */
export const RECORD_LOGINS = `
with seen as materialized (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as seen (name, extension, groups, workplace, n)
), users as (
  insert into desktop_user (name, extension, groups, seen_at)
  select distinct on (name) name, extension, coalesce(string_to_array(nullif(groups, ''), chr(31)), '{}'), now() from seen
  order by name, n desc
  on conflict (name) do update set extension = excluded.extension, groups = excluded.groups, seen_at = excluded.seen_at
)
insert into workplace (name, user_name, seen_at)
select distinct on (workplace) workplace, name, $5::bigint from seen where workplace is not null order by workplace, n desc
on conflict (name) do update set user_name = excluded.user_name, seen_at = excluded.seen_at`;

/**
 * Removes all but the newest `$2` events of each user, without counting expired ones. Returns the number of events of each user that are
 * left, and the highest position at that time.
 */
export const TRIM = `
with asked as materialized (
  select name, height from desktop_user where name = any($1)
), beyond as materialized (
  select oldest.user_name, oldest.place from asked cross join lateral (
    select user_name, place from mail where user_name = asked.name and left_at is null and expires > $3 order by place desc offset $2
  ) as oldest
), locked as materialized (
  select mail.user_name, mail.place from mail join beyond using (user_name, place) where left_at is null
  order by user_name, place for update of mail
), gone as (
  ${LEAVE('$3')} from locked where mail.user_name = locked.user_name and mail.place = locked.place and left_at is null
  returning mail.user_name, id
)
select name as user, height::float8 as "highestSeq", array(select id::text from gone where user_name = name) as dropped,
  (select count(*) from (
    select from mail where user_name = name and left_at is null and expires > $3 limit $2
  ) as kept)::integer as waiting
from asked`;

/** Counts the events of a mailbox. `oldest` is in milliseconds since 1970. */
const FILL = 'count(*)::float8 as waiting, extract(epoch from min(made_at))::float8 * 1000 as oldest';

export const SUMMARIES = `
select name as user, extension, groups, waiting, oldest
from desktop_user cross join lateral (select ${FILL} from mail where user_name = desktop_user.name and left_at is null and expires > $2) as box
where name = any($1) order by name`;

export const TOTALS = `
select coalesce(sum(waiting), 0) as events, count(*)::float8 as users, min(oldest) as oldest
from (select ${FILL} from mail where left_at is null and expires > $1 group by user_name) as box`;

const NEVER_SEEN_KEPT = '7 days';
/** Maximum workplaces of one user. The least recently used ones are deleted first. */
const MAX_WORKPLACES = 100;

/** Deletes users that have no events and have never connected, waiting runs past their time, and workplaces not used since `$2`. */
export const SWEEP = `
with never_seen as (
  delete from desktop_user where seen_at is null and made_at < now() - interval '${NEVER_SEEN_KEPT}'
    and not exists (select from mail where user_name = name)
), late as (
  delete from waiting where until <= $1
)
delete from workplace where seen_at < $2 or name in (
  select name from (select name, row_number() over (partition by user_name order by seen_at desc, name) as n from workplace) as numbered
  where n > ${MAX_WORKPLACES}
)`;

/** Removes at most `$2` expired events. Skips rows that another statement has locked; the next sweep removes them. */
export const EXPIRE = `
with late as materialized (
  select user_name, place from mail where left_at is null and expires <= $1 limit $2 for update skip locked
), expired as (
  ${LEAVE('$1')} from late where mail.user_name = late.user_name and mail.place = late.place and left_at is null returning 1
)
select count(*)::integer as count from expired`;

/** Deletes at most `$2` tombstones that are older than `$1`. */
export const FORGET = `
with forgotten as (
  delete from mail where ctid = any(array(select ctid from mail where left_at < $1 limit $2)) returning 1
)
select count(*)::integer as count from forgotten`;
