/**
 * One statement each, so one transaction and one trip, for any number of senders, readers or acknowledgements. Rows that several hosts may
 * want are locked in the order of users, so that two statements never wait for each other.
 */

/** Headers and bodies come in one parameter, as bytes: an array of bytea would travel as hexadecimal text. */
export const PUT = `
with input as materialized (
  select n, name, id, workplace, collapse_key, due, expires, sent,
         convert_from(substring($1::bytea from start + 1 for head), 'UTF8') as headers,
         substring($1::bytea from start + head + 1 for size) as body
  from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[], $9::integer[], $10::integer[], $11::integer[])
    with ordinality as input (name, id, workplace, collapse_key, due, expires, sent, start, head, size, n)
), fresh as materialized (
  select * from input
  -- asked row by row: as a join it would read the whole table, which is larger than any batch
  where (select true from acknowledged where acknowledged.user_name = input.name and acknowledged.id = input.id limit 1) is null
), counted as materialized (
  insert into desktop_user as known (name, height) select name, count(*) from fresh group by name order by name
  on conflict (name) do update set height = known.height + excluded.height
  returning name, height
), replaced as (
  delete from mail using fresh
  where fresh.collapse_key is not null and mail.user_name = fresh.name and mail.collapse_key = fresh.collapse_key
    and mail.id <> fresh.id
), placed as (
  select fresh.*, height - count(*) over (partition by name) + row_number() over (partition by name order by n) as place
  from fresh join counted using (name)
), put as (
  insert into mail (user_name, place, id, workplace, collapse_key, due, expires, sent, headers, body)
  select name, place, id, workplace, collapse_key, due, expires, sent, headers, body from placed
  -- a repeat of what is there already: its place stays empty
  on conflict (user_name, id) do nothing
  returning user_name, id, place
)
select input.n::integer as n, put.place::float8 as place from input join put on put.user_name = input.name and put.id = input.id`;

/** The mails of several readers. What is due counts as sent, and was told so before it leaves. */
export const READ = `
with asked as (
  select * from unnest($1::text[], $2::bigint[], $3::integer[], $4::text[]) with ordinality as asked (name, after, most, workplace, n)
), page as materialized (
  select asked.n, mail.* from asked cross join lateral (
    select user_name, place, id, workplace, due, sent, headers, body from mail
    where user_name = asked.name and place > asked.after and expires > $5 and (workplace is null or workplace = asked.workplace)
    order by place limit asked.most
  ) as mail
), marked as (
  update mail set sent = true from (
    select user_name, place from mail
    where (user_name, place) in (select user_name, place from page where not sent and (due is null or due <= $5))
    order by user_name, place for update
  ) as first where mail.user_name = first.user_name and mail.place = first.place
)
select asked.n::integer as n, coalesce(height, 0)::float8 as height, page.place::float8 as place, page.user_name as user, page.id, page.workplace,
       page.due::float8 as due, page.sent, page.headers, page.body
from asked left join desktop_user on desktop_user.name = asked.name left join page on page.n = asked.n
order by asked.n, page.place`;

export const AGAIN = `
select user_name as user, mail.place::float8 as place, id, workplace, due::float8 as due, sent, headers, body
from mail join unnest($1::text[], $2::bigint[]) as wanted (name, place) on user_name = wanted.name and mail.place = wanted.place
where expires > $3 order by user_name, mail.place`;

const LOCKED = `
with done as materialized (
  select user_name, mail.place from mail
  where (user_name, mail.place) in (select * from unnest($1::text[], $2::bigint[]))
  order by user_name, mail.place for update
)`;

export const ACKNOWLEDGE = `${LOCKED}, gone as (
  delete from mail using done where mail.user_name = done.user_name and mail.place = done.place returning mail.user_name, id
)
insert into acknowledged (user_name, id) select user_name, id from gone on conflict do nothing`;

export const REJECT = `${LOCKED}
update mail set rejected = rejected + 1 from done where mail.user_name = done.user_name and mail.place = done.place
returning mail.user_name as user, mail.place::float8 as place, rejected`;

export const WAIT = 'insert into waiting (user_name, id, kind, token, until) values ($1, $2, $3, $4, $5) on conflict do nothing';
export const WAITING = `select user_name as user, id, kind, token, until::float8 as until from waiting where user_name = $1 and id = $2 and until > $3`;
export const MET = 'delete from waiting where user_name = $1 and id = $2';

export const HEIGHTS = 'select name, height::float8 as height from desktop_user where name = any($1)';

export const RESOLVE = {
  extension: 'select name from desktop_user where extension = $1',
  group: 'select name from desktop_user where groups @> array[$1::text]',
  workplace: 'select user_name as name from workplace where name = $1',
  all: 'select name from desktop_user where seen_at is not null and $1::text is null',
};

export const KNOWN = `select name, extension, groups, array(select workplace.name from workplace where user_name = desktop_user.name) as workplaces
from desktop_user where seen_at is not null`;

export const SEEN = `
with seen as (
  select distinct on (name) * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as seen (name, extension, groups, workplace) order by name
), users as (
  insert into desktop_user (name, extension, groups, seen_at)
  select name, extension, coalesce(string_to_array(nullif(groups, ''), chr(31)), '{}'), now() from seen
  on conflict (name) do update set extension = excluded.extension, groups = excluded.groups, seen_at = excluded.seen_at
)
insert into workplace (name, user_name) select workplace, min(name) from seen where workplace is not null group by workplace order by workplace
on conflict (name) do update set user_name = excluded.user_name`;

/** Of the newest \`$2\` of each user nothing goes. */
export const TRIM = `
with beyond as (
  select user_name, place from (
    select user_name, place, row_number() over (partition by user_name order by place desc) as newest from mail where user_name = any($1)
  ) as numbered where newest > $2
)
delete from mail using beyond where mail.user_name = beyond.user_name and mail.place = beyond.place returning mail.user_name as user, id`;

/** What waits in one mailbox, or in all of them. The client counts in milliseconds since 1970. */
const FILL = 'count(*)::float8 as waiting, extract(epoch from min(made_at))::float8 * 1000 as oldest';

export const STANDINGS = `
select name as user, extension, groups, waiting, oldest
from desktop_user cross join lateral (select ${FILL} from mail where user_name = desktop_user.name and expires > $2) as box
where name = any($1) order by name`;

export const SURVEY = `
select coalesce(sum(waiting), 0) as events, count(*)::float8 as users, min(oldest) as oldest
from (select ${FILL} from mail where expires > $1 group by user_name) as box`;

/** Long after the last repeat of a hop can come, but for a hop that was held back: the client tells that by the id. */
const ACKNOWLEDGED_KEPT = '10 minutes';
const STRANGERS_KEPT = '7 days';

export const SWEEP = `
with forgotten as (
  delete from acknowledged where at < now() - interval '${ACKNOWLEDGED_KEPT}'
), strangers as (
  delete from desktop_user where seen_at is null and made_at < now() - interval '${STRANGERS_KEPT}'
    and not exists (select from mail where user_name = name)
), late as (
  delete from waiting where until <= $1
), expired as (
  delete from mail where expires <= $1 returning 1
)
select count(*)::integer as expired from expired`;
