/** Subscribers, their applications, and the people of these. */
export const PEOPLE = `
-- an organisation. Nobody sees anything of another subscriber
create table subscriber (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  title text not null,
  created_at timestamptz not null default now()
);
insert into subscriber (code, title) values ('main', '');

-- one base of 1C or one web site; \`issuer\` is the issuer of the tokens of its people
create table application (
  id uuid primary key default gen_random_uuid(),
  subscriber uuid not null references subscriber,
  issuer text not null unique,
  title text not null default '',
  created_at timestamptz not null default now(),
  unique (subscriber, id)
);

create table person (
  id uuid primary key default gen_random_uuid(),
  subscriber uuid not null,
  application uuid not null,
  sub text not null,
  name text not null,
  phone text,
  email text,
  picture uuid,
  is_bot boolean not null default false,
  is_locked boolean not null default false,
  seen_at timestamptz,
  unique (application, sub),
  unique (subscriber, id),
  foreign key (subscriber, application) references application (subscriber, id)
);
`;
