/**
 * Migrations of the schema. Each step runs once, in order. The statements of a released step never change: add a further step instead.
 *
 * A row of `mail` is an event in a mailbox. The row is inserted, marked as sent if the user was offline at first, turned into a tombstone
 * when the event leaves the mailbox, and deleted some minutes later. The fill factor leaves room in each page for these updates, and the
 * vacuum thresholds do not depend on the size of the table, so that dead rows are removed soon. Bodies are `bytea`, because `jsonb` refuses
 * the character U+0000. Bodies are not compressed, because most events leave the mailbox within milliseconds.
 */
export const MAILBOX_TABLES: readonly string[] = [
  `
  create table desktop_user (
    name text primary key,
    -- place of the last event. The lock on this row makes places rise in the order of commits, so a reader that sees a place
    -- also sees all lower ones
    height bigint not null default 0,
    -- time of the last login, with the claims of its token; null: the user has never connected
    seen_at timestamptz,
    extension text,
    groups text[] not null default '{}',
    made_at timestamptz not null default now()
  ) with (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0
  );
  create index desktop_user_extension on desktop_user (extension) where extension is not null;
  create index desktop_user_groups on desktop_user using gin (groups);
  create table workplace (
    name text primary key,
    -- the last user of the workplace
    user_name text not null
  );
  create table mail (
    user_name text not null,
    place bigint not null,
    id uuid not null,
    workplace text,
    collapse_key text,
    -- milliseconds since 1970
    due bigint,
    expires bigint not null,
    sent boolean not null,
    rejected smallint not null default 0,
    headers text not null,
    body bytea not null,
    primary key (user_name, place)
  ) with (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000
  );
  alter table mail alter column body set storage external;
  create unique index mail_id on mail (user_name, id);
  create index mail_collapse on mail (user_name, collapse_key) where collapse_key is not null;
  -- recently acknowledged events: a repeated hop must not put them into the mailbox again
  create table acknowledged (
    user_name text not null,
    id uuid not null,
    at timestamptz not null default now(),
    primary key (user_name, id)
  ) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
  create index acknowledged_at on acknowledged using brin (at);
  `,
  `
  -- runs that wait until a user has seen or answered an event
  create table waiting (
    user_name text not null,
    id uuid not null,
    kind text not null,
    token bytea not null,
    -- milliseconds since 1970
    until bigint not null,
    primary key (user_name, id)
  );
  `,
  `
  -- when the event was put into the mailbox; for earlier events, when this step ran
  alter table mail add column made_at timestamptz not null default now();
  `,
  `
  -- when the event left the mailbox, in milliseconds since 1970; null: the event waits. A row with this time is a tombstone: it has no
  -- headers and no body, and keeps the id of the event, so that a repeat of the event changes nothing
  alter table mail add column left_at bigint;
  insert into mail (user_name, place, id, expires, sent, headers, body, left_at)
    select user_name, -row_number() over (), id, 0, true, '', '', (extract(epoch from at) * 1000)::bigint from acknowledged
    on conflict do nothing;
  drop table acknowledged;
  -- the indexes for readers contain no tombstones
  alter table mail drop constraint mail_pkey;
  alter table mail add constraint mail_pkey primary key using index mail_id;
  create unique index mail_waiting on mail (user_name, place) where left_at is null;
  create index mail_left on mail (left_at) where left_at is not null;
  drop index mail_collapse;
  create index mail_collapse on mail (user_name, collapse_key, place) where collapse_key is not null and left_at is null;
  -- when a user last connected at the workplace, in milliseconds since 1970
  alter table workplace add column seen_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
  `,
  `
  -- names are compared byte by byte, which needs no rules of a language
  alter table desktop_user alter column name type text collate "C";
  alter table mail alter column user_name type text collate "C", alter column collapse_key type text collate "C";
  `,
];
