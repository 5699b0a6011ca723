/** Discussions, members and messages. */
export const DISCUSSIONS = `
create table discussion (
  id uuid primary key,
  subscriber uuid not null references subscriber,
  kind text not null check (kind in ('contextual', 'group', 'direct', 'channel')),
  key text,
  -- of a direct discussion: the ids of both people, the smaller one first
  pair text,
  title text not null,
  context text,
  -- seq of the newest message, drawn under the lock of this row
  last_seq bigint not null default 0,
  active_at timestamptz not null default now(),
  archived_at timestamptz,
  retention_days integer check (retention_days > 0),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  unique (subscriber, id),
  unique (subscriber, key),
  unique (subscriber, pair),
  foreign key (subscriber, created_by) references person (subscriber, id)
  -- no index on the columns that each message changes, so that the update stays on its page
) with (fillfactor = 80);

create table member (
  subscriber uuid not null,
  discussion uuid not null,
  person uuid not null,
  role text not null check (role in ('owner', 'member')),
  read_seq bigint not null default 0,
  delivered_seq bigint not null default 0,
  -- last_seq when the newest hint was put into the mailbox of the person
  hinted_seq bigint not null default 0,
  muted_until timestamptz,
  joined_at timestamptz not null default now(),
  primary key (discussion, person),
  foreign key (subscriber, discussion) references discussion (subscriber, id) on delete cascade,
  foreign key (subscriber, person) references person (subscriber, id)
) with (fillfactor = 80);
create index member_person on member (subscriber, person);

create table message (
  subscriber uuid not null,
  discussion uuid not null,
  seq bigint not null,
  id uuid not null,
  author uuid not null,
  at timestamptz not null default clock_timestamp(),
  text text not null,
  spans jsonb,
  data jsonb,
  recipients uuid[],
  buttons jsonb,
  reply_to bigint,
  link text,
  version integer not null default 1,
  edited_at timestamptz,
  deleted_at timestamptz,
  primary key (discussion, seq)
) partition by hash (discussion);

-- what a message was before an edit or a deletion
create table message_version (
  subscriber uuid not null,
  discussion uuid not null,
  seq bigint not null,
  version integer not null,
  at timestamptz not null,
  changed_by uuid not null,
  content jsonb not null,
  primary key (discussion, seq, version)
);

-- recognises a repeated post
create table sent (
  author uuid not null,
  client_id text not null,
  subscriber uuid not null,
  discussion uuid not null,
  seq bigint not null,
  at timestamptz not null default now(),
  primary key (author, client_id)
);
create index sent_at on sent (at);

create table reaction (
  subscriber uuid not null,
  discussion uuid not null,
  seq bigint not null,
  person uuid not null,
  emoji text not null,
  at timestamptz not null default now(),
  primary key (discussion, seq, person, emoji)
);

create table attachment (
  id uuid primary key,
  subscriber uuid not null,
  author uuid not null,
  discussion uuid,
  seq bigint,
  -- place in the message, from 1
  position smallint,
  name text not null,
  type text not null,
  bytes bigint not null,
  is_shown boolean not null default true,
  at timestamptz not null default now()
);
-- content of the files, when no folder is configured. Parts without a row of attachment belong to an upload that is going on or was cut off
create table attachment_part (
  subscriber uuid not null,
  attachment uuid not null,
  part integer not null,
  bytes bytea not null,
  at timestamptz not null default now(),
  primary key (attachment, part)
);
-- pictures and archives are compressed already
alter table attachment_part alter column bytes set storage external;
create index attachment_part_at on attachment_part (at);
create index attachment_message on attachment (discussion, seq);
create index attachment_unsent on attachment (at) where discussion is null;

-- flows that listen, so that a message is kept for each of them in its transaction
create table listener (
  flow text primary key,
  subscriber uuid not null references subscriber,
  -- the flow receives messages of discussions of which this person is a member
  bot uuid not null,
  reasons text[] not null,
  commands text[],
  seen_at timestamptz not null default now(),
  foreign key (subscriber, bot) references person (subscriber, id) on delete cascade
);
create table outbox (
  no bigint generated always as identity primary key,
  subscriber uuid not null,
  flow text not null references listener on delete cascade,
  id uuid not null,
  reason text not null check (reason in ('mention', 'command', 'any', 'button')),
  discussion uuid not null,
  seq bigint not null,
  -- of a pressed button: who pressed which
  pressed jsonb
);
create index outbox_flow on outbox (flow, no);

-- runs of flows that are suspended until a button of their message is pressed
create table waiting (
  subscriber uuid not null,
  discussion uuid not null,
  seq bigint not null,
  token bytea not null,
  deadline timestamptz not null,
  primary key (discussion, seq)
);

do $$ begin
  for part in 0..7 loop
    execute format('create table message_%s partition of message for values with (modulus 8, remainder %s)', part, part);
  end loop;
end $$;
-- a message to post. \`words\` is its search index as text of a tsvector
create type post as (
  no integer, discussion uuid, author uuid, client_id text, id uuid, text text, spans jsonb, data jsonb, recipients uuid[], buttons jsonb,
  reply_to bigint, link text, attachments uuid[], mentions uuid[], command text, words text
);
-- heard: whether a flow has an event of the message
create type post_result as (no integer, outcome text, seq bigint, at timestamptz, people uuid[], heard boolean);

-- Posts messages in one call, so that the hot path is one statement and one commit for several of them. The discussions are locked first, in
-- the order of their ids, and all that is read is read by statements that began after that: a person who was added while the post waited for
-- the lock receives the message, and a repetition sees the first post. A post with attachments has to be the only one.
-- Outcomes: posted, repeated (with seq of the first message), elsewhere, missing, archived, recipients, reply, attachments. All but posted
-- leave the tables as they were.
create function post_messages(subscriber_ uuid, posts_ json) returns setof post_result language plpgsql
-- one plan for all calls, because a plan for each call costs more than the call, and one that fits tables that have grown
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off as $$
declare
  posts post[];
  results post_result[];
  clashes integer;
begin
  select array_agg(p) into posts from json_populate_recordset(null::post, posts_) p;
  perform from discussion where subscriber = subscriber_ and id in (select discussion from unnest(posts))
    order by id for no key update;
  with asked as (
    select p.*, d.last_seq, first.seq as first_seq, first.at as first_at,
      case
        when first.discussion = p.discussion then 'repeated'
        when first.discussion is not null then 'elsewhere'
        -- a person who is no member does not learn whether the discussion exists
        when m.person is null then 'missing'
        when p.recipients is not null and exists (
          select from unnest(p.recipients) as one(person) where not exists (
            select from member o where o.subscriber = subscriber_ and o.discussion = p.discussion and o.person = one.person)
        ) then 'recipients'
        when p.reply_to is not null and not exists (
          select from message x where x.subscriber = subscriber_ and x.discussion = p.discussion and x.seq = p.reply_to
            and (x.recipients is null or x.author = p.author or p.author = any(x.recipients))
        ) then 'reply'
        when cardinality(p.attachments) <> (
          select count(*) from (
            select from attachment f
              where f.subscriber = subscriber_ and f.id = any(p.attachments) and f.author = p.author and f.discussion is null
            order by f.id for update
          ) as own
        ) then 'attachments'
        when d.archived_at is not null then 'archived'
      end as outcome
    from unnest(posts) p
    left join discussion d on d.subscriber = subscriber_ and d.id = p.discussion
    left join member m on m.subscriber = subscriber_ and m.discussion = p.discussion and m.person = p.author
    left join sent first on first.subscriber = subscriber_ and first.author = p.author and first.client_id = p.client_id
  ), numbered as (
    select asked.*, last_seq + row_number() over (partition by discussion order by no) as seq, nextval('message_ordinal') as ordinal
    from asked where outcome is null
  ), noted as (
    insert into sent (author, client_id, subscriber, discussion, seq)
      select author, client_id, subscriber_, discussion, seq from numbered order by author, client_id
      on conflict (author, client_id) do nothing returning author, client_id
  ), fresh as (
    select numbered.* from numbered join noted using (author, client_id)
  ), drawn as (
    update discussion d set last_seq = d.last_seq + many.count, active_at = clock_timestamp()
      from (select discussion, count(*) from fresh group by discussion) many
      where d.subscriber = subscriber_ and d.id = many.discussion returning d.id, d.active_at
  ), posted as (
    insert into message (subscriber, discussion, seq, id, author, at, text, spans, data, recipients, buttons, reply_to, link, ordinal, words)
      select subscriber_, discussion, seq, fresh.id, author, active_at, text, spans, data, recipients, buttons, reply_to, link, ordinal,
        words::tsvector
      from fresh join drawn on drawn.id = fresh.discussion
  ), filed as (
    update attachment f set discussion = fresh.discussion, seq = fresh.seq, position = array_position(attachments, f.id)
      from fresh where f.subscriber = subscriber_ and f.id = any(attachments)
  ), shown as (
    select fresh.*, (
      select array_agg(m.person) from member m where m.subscriber = subscriber_ and m.discussion = fresh.discussion
        and (recipients is null or m.person = author or m.person = any(recipients))
    ) as people
    from fresh
  ), kept as (
    insert into outbox (subscriber, flow, id, reason, discussion, seq)
      select subscriber_, listener.flow, shown.id, why.reason, shown.discussion, shown.seq
      from listener join shown on bot <> author and bot = any(people) cross join lateral (
        select case
          when 'command' = any(reasons) and command is not null and (commands is null or command = any(commands)) then 'command'
          when 'mention' = any(reasons) and bot = any(mentions) then 'mention'
          when 'any' = any(reasons) then 'any' end as reason
      ) as why
      where listener.subscriber = subscriber_ and why.reason is not null
        -- flows that answer each other would never end
        and not exists (select from listener as other where other.subscriber = subscriber_ and other.bot = author)
      returning id
  )
  select array_agg(row(
      asked.no, case when shown.seq is not null then 'posted' else asked.outcome end, coalesce(shown.seq, asked.first_seq), coalesce(active_at, asked.first_at),
      people, exists (select from kept where kept.id = asked.id)
    )::post_result), count(*) filter (where asked.outcome is null and shown.seq is null)
    into results, clashes
    from asked left join shown on shown.no = asked.no left join drawn on drawn.id = asked.discussion and shown.seq is not null;
  -- the same client id came to another discussion at the same moment, and was first
  if clashes > 0 then
    -- the other posts have left a gap for it
    if cardinality(posts) > 1 then raise 'a client id is used twice' using errcode = 'unique_violation'; end if;
    select array_agg(row(posts[1].no, 'elsewhere', seq, at, null, false)::post_result) into results
      from sent where subscriber = subscriber_ and author = posts[1].author and client_id = posts[1].client_id;
  end if;
  return query select * from unnest(results);
end $$;
`;
