/** Steps of the schema. Each runs once, in order. Never change a released step. */
export const STEPS = [
  `
create table resource (
  id integer generated always as identity primary key,
  code text not null unique,
  name text not null,
  position integer not null,
  shared boolean not null,
  archived boolean not null,
  change xid8 not null default pg_current_xact_id(),
  unique (id, shared)
);

-- a row of a day goes before those of its weekday; without hours the resource is away on that day
create table working_hours (
  id integer generated always as identity primary key,
  resource_id integer not null references resource on delete cascade,
  weekday smallint check (weekday between 1 and 7),
  day date,
  opens time,
  closes time,
  check (num_nonnulls(weekday, day) = 1),
  check (num_nonnulls(opens, closes) in (0, 2)),
  check (opens < closes)
);
create index working_hours_resource on working_hours (resource_id);

create table entry (
  id uuid primary key,
  resource_id integer not null,
  -- the resource's own, kept equal by the foreign key, because a constraint can look at one table only
  shared boolean not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  status text not null,
  client text not null,
  phone text not null,
  comment text not null,
  note text not null,
  version integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp(),
  change xid8 not null default pg_current_xact_id(),
  constraint entry_span check (starts_at < ends_at and ends_at <= starts_at + interval '31 days'),
  foreign key (resource_id, shared) references resource (id, shared) on update cascade,
  -- as a range of one, so that no extension has to be installed for the comparison of integers
  constraint entry_overlap exclude using gist (
    int4range(resource_id, resource_id, '[]') with &&, tstzrange(starts_at, ends_at) with &&
  ) where (not shared and status not in ('cancelled', 'refused'))
);
create index entry_time on entry using gist (tstzrange(starts_at, ends_at));
create index entry_change on entry (change);

create function mark_change() returns trigger language plpgsql as
$$ begin new.change := pg_current_xact_id(); return new; end $$;
create trigger entry_changes before update on entry for each row execute function mark_change();
create trigger resource_changes before update on resource for each row execute function mark_change();

-- flows that listen, so that a change is kept for each of them in the transaction of the change
create table listener (
  flow text primary key,
  actions text[] not null,
  seen_at timestamptz not null default now()
);
create table outbox (
  no bigint generated always as identity primary key,
  flow text not null references listener on delete cascade,
  id uuid not null,
  entry_id uuid not null,
  event json not null
);
create index outbox_flow on outbox (flow, no);

create table call (
  id text primary key,
  extension text not null,
  phone text not null,
  client text not null,
  at timestamptz not null default clock_timestamp(),
  change xid8 not null default pg_current_xact_id()
);
create index call_change on call (change);
`,
] as const;
