import { statement } from '../database/statement.js';
import { OWN_VERSION } from '../people/access-version.js';

export const RENAME_OR_LOCK_SUBSCRIBER = statement<{ readonly id: string }>(
  'change subscriber',
  `update subscriber set title = coalesce($2, title), access_version = ${OWN_VERSION},
     locked_at = case when $3::boolean is null then locked_at when $3 then coalesce(locked_at, now()) end
   where id = $1 returning id`,
);

/** `$2` code, `$3` title. Returns nothing when the code is taken. */
export const ADD_SUBSCRIBER = statement<{ readonly id: string }>(
  'add subscriber',
  'insert into subscriber (id, code, title) values ($1, $2, $3) on conflict do nothing returning id',
);

/** `$2` issuer, `$3` title. */
export const ADD_APPLICATION = statement<{ readonly id: string }>(
  'add application',
  `insert into application (subscriber, issuer, title) select id, $2, $3 from subscriber where id = $1 returning id`,
);

export interface ApplicationRow {
  readonly id: string;
  readonly issuer: string;
  readonly title: string;
  readonly isLocked: boolean;
  readonly keys: number;
}

export const APPLICATIONS = statement<ApplicationRow>(
  'applications',
  `select id, issuer, title, locked_at is not null as "isLocked",
     (select count(*)::integer from issuer_key where issuer_key.subscriber = $1 and issuer_key.application = application.id) as keys
   from application where subscriber = $1 order by issuer limit 1000`,
);

/** `$2` application. Locks it against another rotation at the same time. */
export const APPLICATION = statement<{ readonly issuer: string }>(
  'application',
  `select issuer from application where subscriber = $1 and id = $2 for no key update`,
);

/** `$2` id, `$3` title or null, `$4` whether it is locked, or null. */
export const CHANGE_APPLICATION = statement<{ readonly id: string }>(
  'change application',
  `update application set title = coalesce($3, title), access_version = ${OWN_VERSION},
     locked_at = case when $4::boolean is null then locked_at when $4 then coalesce(locked_at, now()) end
   where subscriber = $1 and id = $2 returning id`,
);

/** `$2` application, `$3` sealed key. */
export const ADD_KEY = statement<object>(
  'add key',
  `insert into issuer_key (subscriber, application, sealed) values ($1, $2, $3)`,
);

/** Deletes the keys of the application `$2` but for the `$3` newest ones. */
export const DROP_OLD_KEYS = statement<object>(
  'drop old keys',
  `delete from issuer_key where subscriber = $1 and application = $2 and no not in (
     select no from issuer_key where subscriber = $1 and application = $2 order by no desc limit $3)`,
);
