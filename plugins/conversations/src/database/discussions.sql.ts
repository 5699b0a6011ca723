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
-- Posts a message in one call, so that the hot path is one statement and one commit. Each inner statement sees what was committed when it
-- began: the receivers are read after the lock of the discussion, so a person who was added while the post waited for it receives the message.
-- Outcomes: posted, repeated (with seq of the first message), elsewhere, missing, archived, recipients, reply, attachments. All but posted
-- leave the tables as they were.
create function post_message(
  subscriber_ uuid, discussion_ uuid, author_ uuid, client_id_ text, id_ uuid, text_ text, spans_ jsonb, data_ jsonb, recipients_ uuid[],
  buttons_ jsonb, reply_to_ bigint, link_ text, attachments_ uuid[], mentions_ uuid[], command_ text
  -- heard: whether a flow has an event of the message
) returns table (outcome text, seq_ bigint, at_ timestamptz, people uuid[], heard boolean) language plpgsql as $$
begin
  if not exists (select from sent where author = author_ and client_id = client_id_) then
    outcome := case
      when recipients_ is not null and exists (
        select from unnest(recipients_) as one(person) where not exists (
          select from member where subscriber = subscriber_ and discussion = discussion_ and member.person = one.person)
      ) then 'recipients'
      when reply_to_ is not null and not exists (
        select from message where subscriber = subscriber_ and discussion = discussion_ and seq = reply_to_
          and (recipients is null or author = author_ or author_ = any(recipients))
      ) then 'reply'
      when cardinality(attachments_) > 0 and cardinality(attachments_) <> (
        select count(*) from (
          select from attachment where subscriber = subscriber_ and id = any(attachments_) and author = author_ and discussion is null
          order by id for update
        ) as own
      ) then 'attachments' end;
    if outcome is null then
      update discussion set last_seq = last_seq + 1, active_at = clock_timestamp()
        where subscriber = subscriber_ and id = discussion_ and archived_at is null
          and exists (select from member where subscriber = subscriber_ and discussion = discussion_ and person = author_)
        returning last_seq, active_at into seq_, at_;
      if not found then outcome := 'archived'; end if;
    end if;
    if outcome is not null then
      -- a person who is no member does not learn whether the discussion exists
      if not exists (select from member where subscriber = subscriber_ and discussion = discussion_ and person = author_) then
        outcome := 'missing';
      end if;
      return next;
      return;
    end if;
    insert into sent (author, client_id, subscriber, discussion, seq) values (author_, client_id_, subscriber_, discussion_, seq_)
      on conflict (author, client_id) do nothing;
    if found then
      insert into message (subscriber, discussion, seq, id, author, at, text, spans, data, recipients, buttons, reply_to, link)
        values (subscriber_, discussion_, seq_, id_, author_, at_, text_, spans_, data_, recipients_, buttons_, reply_to_, link_);
      if cardinality(attachments_) > 0 then
        update attachment set discussion = discussion_, seq = seq_, position = array_position(attachments_, id)
          where subscriber = subscriber_ and id = any(attachments_);
      end if;
      select array_agg(person) into people from member
        where subscriber = subscriber_ and discussion = discussion_
          and (recipients_ is null or person = author_ or person = any(recipients_));
      insert into outbox (subscriber, flow, id, reason, discussion, seq)
        select subscriber_, listener.flow, id_, why.reason, discussion_, seq_
        from listener cross join lateral (
          select case
            when 'command' = any(reasons) and command_ is not null and (commands is null or command_ = any(commands)) then 'command'
            when 'mention' = any(reasons) and bot = any(mentions_) then 'mention'
            when 'any' = any(reasons) then 'any' end as reason
        ) as why
        where listener.subscriber = subscriber_ and bot <> author_ and bot = any(people) and why.reason is not null
          -- flows that answer each other would never end
          and not exists (select from listener as other where other.subscriber = subscriber_ and other.bot = author_);
      heard := found;
      outcome := 'posted';
      return next;
      return;
    end if;
    -- the same post came from another workplace at the same moment, and was first
    update discussion set last_seq = last_seq - 1 where subscriber = subscriber_ and id = discussion_;
  end if;
  return query select case when discussion = discussion_ then 'repeated' else 'elsewhere' end, seq, at, null::uuid[], false
    from sent where subscriber = subscriber_ and author = author_ and client_id = client_id_;
end $$;
`;
