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
  retention_days integer,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  unique (subscriber, id),
  unique (subscriber, key),
  unique (subscriber, pair)
);

create table member (
  subscriber uuid not null,
  discussion uuid not null,
  person uuid not null,
  role text not null check (role in ('owner', 'member')),
  read_seq bigint not null default 0,
  delivered_seq bigint not null default 0,
  -- up to here a hint lies in the mailbox
  hinted_seq bigint not null default 0,
  muted_until timestamptz,
  joined_at timestamptz not null default now(),
  primary key (discussion, person),
  foreign key (subscriber, discussion) references discussion (subscriber, id) on delete cascade,
  foreign key (subscriber, person) references person (subscriber, id)
) with (fillfactor = 80);
create index member_person on member (person);

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
  primary key (discussion, seq, person, emoji)
);

create table attachment (
  id uuid primary key,
  subscriber uuid not null,
  author uuid not null,
  discussion uuid,
  seq bigint,
  name text not null,
  type text not null,
  bytes bigint not null,
  is_shown boolean not null default true,
  at timestamptz not null default now()
);
create index attachment_message on attachment (discussion, seq);

do $$ begin
  for part in 0..7 loop
    execute format('create table message_%s partition of message for values with (modulus 8, remainder %s)', part, part);
  end loop;
end $$;
`;
