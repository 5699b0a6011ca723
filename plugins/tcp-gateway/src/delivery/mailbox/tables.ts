/**
 * Steps of the schema, each run once, in order. A step that was released is never changed; a later change is a further step.
 *
 * A row of `mail` is an event in a mailbox. It is inserted, perhaps marked as sent, turned into a tombstone when its event leaves the
 * mailbox, and deleted some minutes later. So pages keep room for the mark, and dead rows are vacuumed soon whatever the size of the table.
 * Bodies are `bytea`, because `jsonb` refuses the character U+0000. They are not compressed, because most events leave within milliseconds.
 */
export const MAILBOX_TABLES: readonly string[] = [
  `
  create table desktop_user (
    name text primary key,
    -- of its last event; the lock on this row makes places rise in the order of commits: who has seen one has seen all before it
    height bigint not null default 0,
    -- from the last token; null: it has never been here
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
    -- who was there last
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
  -- what was acknowledged not long ago: a hop that is repeated must not bring it again
  create table acknowledged (
    user_name text not null,
    id uuid not null,
    at timestamptz not null default now(),
    primary key (user_name, id)
  ) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
  create index acknowledged_at on acknowledged using brin (at);
  `,
  `
  -- runs that wait until an event is shown, or answered
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
  -- since when an event waits; those that are there already count from this step on
  alter table mail add column made_at timestamptz not null default now();
  `,
  `
  -- a tombstone: since when its event is out of the mailbox, in milliseconds since 1970. It has neither headers nor a body, and keeps the
  -- event's id taken, so that a repeat of the event changes nothing. Null: the event waits
  alter table mail add column left_at bigint;
  insert into mail (user_name, place, id, expires, sent, headers, body, left_at)
    select user_name, -row_number() over (), id, 0, true, '', '', (extract(epoch from at) * 1000)::bigint from acknowledged
    on conflict do nothing;
  drop table acknowledged;
  -- indexes for readers hold no tombstones
  alter table mail drop constraint mail_pkey;
  alter table mail add constraint mail_pkey primary key using index mail_id;
  create unique index mail_waiting on mail (user_name, place) where left_at is null;
  create index mail_left on mail (left_at) where left_at is not null;
  drop index mail_collapse;
  create index mail_collapse on mail (user_name, collapse_key, place) where collapse_key is not null and left_at is null;
  -- when its user was last seen there, in milliseconds since 1970
  alter table workplace add column seen_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
  `,
];
