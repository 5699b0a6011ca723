/** Subscribers, their applications, and the people of these. */
export const PEOPLE = `
-- an organisation. Nobody sees anything of another subscriber
create table subscriber (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  title text not null,
  locked_at timestamptz,
  access_version bigint not null default 0,
  created_at timestamptz not null default now()
);
insert into subscriber (code, title) values ('main', '');

-- one base of 1C or one web site; \`issuer\` is the issuer of the tokens of its people
create table application (
  id uuid primary key default gen_random_uuid(),
  subscriber uuid not null references subscriber,
  issuer text not null unique,
  title text not null default '',
  locked_at timestamptz,
  access_version bigint not null default 0,
  created_at timestamptz not null default now(),
  unique (subscriber, id)
);

-- grows with each lock, unlock, erasure, and change of a key. Hosts read it every 2 s, and then the rows with a higher access_version
create table access (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 0
);
insert into access default values;

-- signing keys of applications that were registered while the host runs, encrypted under the secret of the operator. An application without
-- keys is an issuer of sluice.yaml
create table issuer_key (
  no bigint generated always as identity primary key,
  subscriber uuid not null,
  application uuid not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  foreign key (subscriber, application) references application (subscriber, id)
);
create index issuer_key_application on issuer_key (application);

-- registrations that wait for the code of their mail
create table registration (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  title text not null,
  application text not null,
  salt bytea not null,
  code_hash bytea not null,
  attempts integer not null default 0,
  created_at timestamptz not null default now()
);
create index registration_created on registration (created_at);

create table person (
  id uuid primary key default gen_random_uuid(),
  subscriber uuid not null,
  application uuid not null,
  sub text not null,
  name text not null,
  -- the name in lower case with е for ё, by which the directory is sorted
  sort_name text collate "C" not null,
  -- what a search in the directory finds: words of the name, the e-mail address and its parts, digits of the phone from each one on
  words tsvector not null,
  phone text,
  email text,
  picture uuid,
  is_bot boolean not null default false,
  is_locked boolean not null default false,
  -- version of the last change of is_locked
  access_version bigint not null default 0,
  seen_at timestamptz,
  erased_at timestamptz,
  unique (application, sub),
  unique (subscriber, id),
  foreign key (subscriber, application) references application (subscriber, id)
);
create index person_directory on person (subscriber, sort_name, id);
create index person_access on person (access_version) where access_version > 0;
create index person_words on person using gin (words);
`;
