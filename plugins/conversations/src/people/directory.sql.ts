import { statement } from '../database/statement.js';
import { OWN_VERSION } from './access-version.js';

export interface PersonRow {
  readonly id: string;
  readonly issuer: string;
  readonly sub: string;
  readonly name: string;
  readonly sort_name: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly picture: string | null;
  readonly is_bot: boolean;
  readonly is_locked: boolean;
  readonly seen_at: Date | null;
  readonly erased_at: Date | null;
}

const COLUMNS = `person.id, application.issuer, person.sub, person.name, person.sort_name, person.phone, person.email, person.picture,
  person.is_bot, person.is_locked, person.seen_at, person.erased_at`;
const FROM = `from person join application on application.subscriber = $1 and application.id = person.application
  where person.subscriber = $1`;
const PAGE = `and person.erased_at is null and ($2::text is null or (person.sort_name, person.id) > ($2, $3::uuid))`;

/** `$2`, `$3` name and id behind which the page begins, or null; `$4` limit. */
export const LIST_PEOPLE = statement<PersonRow>(
  'list people',
  `select ${COLUMNS} ${FROM} ${PAGE} order by person.sort_name, person.id limit $4`,
);

/** As {@link LIST_PEOPLE}; `$5` a `tsquery`. */
export const FIND_PEOPLE = statement<PersonRow>(
  'find people',
  `select ${COLUMNS} ${FROM} ${PAGE} and person.words @@ $5::tsquery order by person.sort_name, person.id limit $4`,
);

/** `$2` ids. */
export const PEOPLE_BY_ID = statement<PersonRow>('people by id', `select ${COLUMNS} ${FROM} and person.id = any($2::uuid[])`);

/** `$2` id; `$3` a JSON object with the columns to set, null for an empty one. */
export const CHANGE_PERSON = statement<{ readonly id: string }>(
  'change person',
  `update person set
     name = coalesce($3::jsonb ->> 'name', name),
     sort_name = coalesce($3::jsonb ->> 'sort_name', sort_name),
     phone = case when $3::jsonb ? 'phone' then $3::jsonb ->> 'phone' else phone end,
     email = case when $3::jsonb ? 'email' then $3::jsonb ->> 'email' else email end,
     picture = case when $3::jsonb ? 'picture' then ($3::jsonb ->> 'picture')::uuid else picture end,
     words = array_to_tsvector($4::text[])
   where subscriber = $1 and id = $2 and erased_at is null returning id`,
);

/** `$2` id. Locks the row, so that the words belong to the name, phone and e-mail address that are saved. */
export const PERSON_FOR_CHANGE = statement<{
  readonly name: string;
  readonly phone: string | null;
  readonly email: string | null;
}>(
  'person for change',
  `select name, phone, email from person where subscriber = $1 and id = $2 and erased_at is null for update`,
);

/** `$2` id of a picture, `$3` id of its person. */
export const OWN_PICTURE = statement<object>(
  'own picture',
  `select from attachment where subscriber = $1 and id = $2 and author = $3 and type like 'image/%'`,
);

/** `$2` application, `$3` a JSON list, `$4` subs of those whose lock stays as it is. */
export const IMPORT_PEOPLE = statement<{ readonly id: string; readonly created: boolean }>(
  'import people',
  `insert into person (subscriber, application, sub, name, sort_name, words, phone, email, is_bot, is_locked)
   select $1, $2, sub, name, sort_name, array_to_tsvector(array(select jsonb_array_elements_text(words))), phone, email,
     coalesce(is_bot, false), coalesce(is_locked, false)
   from jsonb_to_recordset($3::jsonb) as one (sub text, name text, sort_name text, words jsonb, phone text, email text, is_bot boolean,
     is_locked boolean)
   order by sub
   on conflict (application, sub) do update set
     name = excluded.name, sort_name = excluded.sort_name, words = excluded.words, phone = excluded.phone, email = excluded.email,
     is_bot = excluded.is_bot,
     is_locked = case when excluded.sub = any($4::text[]) then person.is_locked else excluded.is_locked end
   where person.subscriber = $1 and (person.name, person.phone, person.email, person.is_bot, person.is_locked) is distinct from
     (excluded.name, excluded.phone, excluded.email, excluded.is_bot,
       case when excluded.sub = any($4::text[]) then person.is_locked else excluded.is_locked end)
   returning id, xmax = 0 as created`,
);

/** `$2` ids of people who were imported. */
export const TAKE_VERSION = statement<object>(
  'take version',
  `update person set access_version = ${OWN_VERSION} where subscriber = $1 and id = any($2::uuid[])`,
);

/** `$2` id, `$3` whether it is locked. */
export const LOCK_PERSON = statement<{ readonly id: string }>(
  'lock person',
  `update person set is_locked = $3, access_version = ${OWN_VERSION} where subscriber = $1 and id = $2 and erased_at is null returning id`,
);

export const OWN_SUBSCRIBER = statement<{ readonly code: string; readonly title: string }>(
  'own subscriber',
  `select code, title from subscriber where id = $1`,
);
