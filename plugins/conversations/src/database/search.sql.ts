/**
 * Full text search. Each message carries its search words in `words`, which a trigger writes within the statement of the message:
 *
 * - its words in lower case with е for ё (configuration `simple`), and their stems (configuration `russian`);
 * - `#<discussion>`, so that the index itself restricts a search to the discussions of the asker;
 * - `@<author>`, by which the messages of a person are found. A deleted message and one without text have this one only.
 *
 * The last two contain a character that no word contains.
 */
export const SEARCH = `
-- position of a message among all messages, in the order of their insertion: the order of search results
create sequence message_ordinal;
alter table message
  add column ordinal bigint not null default nextval('message_ordinal'),
  add column words tsvector;

-- distinct words of each subscriber, in which parts of words and typing errors are looked up
create table word (
  subscriber uuid not null,
  word text collate "C" not null,
  primary key (subscriber, word)
);

-- all parts of 2 to 5 characters of a word
create function word_grams(word text) returns text[] language sql immutable strict parallel safe as $$
  select array_agg(distinct substr(word, position, size))
  from generate_series(2, 5) size, generate_series(1, length(word) - size + 1) position
$$;

-- the parts that a word contains if it contains the text
create function part_grams(part text) returns text[] language sql immutable strict parallel safe as $$
  select case when length(part) <= 5 then array[part]
    else (select array_agg(distinct substr(part, position, 5)) from generate_series(1, length(part) - 4) position) end
$$;

create index word_parts on word using gin (word_grams(word));

do $$
begin
  begin
    create extension if not exists pg_trgm with schema public;
    execute format('create index word_trigrams on word using gin (word %I.gin_trgm_ops)',
      (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm'));
  exception when others then
    -- without the extension a search tolerates no typing errors, which sluice doctor reports
    raise notice 'pg_trgm: %', sqlerrm;
  end;
end $$;

-- words in lower case, separated by single spaces
create function fold_text(body text) returns text language sql immutable strict parallel safe as $$
  select btrim(regexp_replace(replace(lower(normalize(body, nfc)), 'ё', 'е'), '[^[:alnum:]]+', ' ', 'g'))
$$;

create function message_words(discussion uuid, author uuid, folded text) returns tsvector
language sql immutable strict parallel safe as $$
  select case when folded = '' then array_to_tsvector(array['@' || replace(author::text, '-', '')])
    else to_tsvector('simple'::regconfig, folded) || to_tsvector('russian'::regconfig, folded)
      || array_to_tsvector(array['#' || replace(discussion::text, '-', ''), '@' || replace(author::text, '-', '')])
    end
$$;

-- the words of a text that the table of words contains: 2 to 40 characters. Sorted, so that two transactions which add the same words do
-- not wait for each other
create function words_to_keep(folded text) returns text[] language sql immutable strict parallel safe as $$
  select coalesce(array_agg(distinct one collate "C" order by one collate "C"), '{}')
  from regexp_split_to_table(folded, ' ') one where length(one) between 2 and 40
$$;

-- a loop of look-ups, because a planner that does not know the number of words reads the whole table
create function add_words(subscriber_id uuid, folded text) returns void language plpgsql set search_path from current as $$
declare
  one text;
  added integer := 0;
begin
  foreach one in array words_to_keep(folded) loop
    if not exists (select from word where word.subscriber = subscriber_id and word.word = one) then
      insert into word values (subscriber_id, one) on conflict do nothing;
      added := added + 1;
      -- bounds the time of a message; the further words are found whole and by their forms
      exit when added >= 300;
    end if;
  end loop;
end $$;

create function index_message() returns trigger language plpgsql set search_path from current as $$
declare
  folded text := case when new.deleted_at is null then fold_text(new.text) else '' end;
begin
  new.words := message_words(new.discussion, new.author, folded);
  if folded <> '' then perform add_words(new.subscriber, folded); end if;
  return new;
end $$;

-- a post brings the words of its message. All else that writes a text gets them here
create trigger index_message before insert on message
  for each row when (new.words is null) execute function index_message();
create trigger index_changed_message before update of text, deleted_at on message
  for each row execute function index_message();

-- a search looks through the newest messages without the index of words
create index message_order on message (ordinal);

-- the list of pending entries is small, because the post that fills it moves it into the index
create index message_words on message using gin (words) with (gin_pending_list_limit = 256);

-- how far the index has been rebuilt: the last message of the last batch. 'version' is that of the functions above
create table search_state (
  only_row boolean primary key default true check (only_row),
  version integer not null,
  wanted integer not null,
  discussion uuid not null default '00000000-0000-0000-0000-000000000000',
  seq bigint not null default 0
);
insert into search_state (version, wanted) values (1, 1);
`;

/** The index of typing errors. Needs the extension `pg_trgm`, in whose schema its operators are. */
export const trigramIndex = (schema: string) =>
  `create index if not exists word_trigrams on word using gin (word ${schema}.gin_trgm_ops)`;
