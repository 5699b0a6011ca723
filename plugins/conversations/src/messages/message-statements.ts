import type { MessageVersions, NewMessage } from '../contract.js';
import { statement } from '../database/statement.js';
import { MESSAGE, visibleTo, type MessageRow } from './message-rows.js';

/** A message to post, as `post_messages` reads it: see the type `post` in database/discussions.sql.ts. */
export interface PostedRow {
  readonly discussion: string;
  readonly author: string;
  readonly client_id: string;
  readonly id: string;
  readonly text: string;
  readonly spans?: NewMessage['spans'];
  readonly data?: NewMessage['data'];
  readonly recipients?: readonly string[];
  readonly buttons?: NewMessage['buttons'];
  readonly reply_to?: number | undefined;
  readonly link?: string | undefined;
  readonly attachments?: readonly string[];
  readonly mentions?: readonly string[];
  readonly command?: string | undefined;
}

/** Result of one message of `post_messages`. */
export interface PostRow {
  /** Place of the message in the call, from 0. */
  readonly no: number;
  readonly outcome: 'posted' | 'repeated' | 'elsewhere' | 'missing' | 'archived' | 'recipients' | 'reply' | 'attachments';
  readonly seq: number;
  readonly at: Date;
  /** The members who may see the message. */
  readonly people: string[] | null;
  /** Whether a flow has an event of the message. */
  readonly heard: boolean | null;
}

/** Posts the messages `$2`, an array as JSON. */
export const POST = statement<PostRow>(
  'post',
  'select no, outcome, seq::float8 as seq, at, people, heard from post_messages($1, $2::json)',
);

/** The messages at the places `$2` (discussion) and `$3` (seq). The caller has verified that the receiver may see them. */
export const MESSAGES_AT = statement<MessageRow>(
  'messages at',
  `select ${MESSAGE} from unnest($2::uuid[], $3::bigint[]) as wanted(discussion, seq)
   join message x on x.subscriber = $1 and x.discussion = wanted.discussion and x.seq = wanted.seq`,
);

/** A row of a page. Without messages there is one row, whose columns of the message are null. */
export type PageRow = { readonly lastSeq: number } & (MessageRow | { readonly discussion: null });

const page = (condition: string, order: 'asc' | 'desc') => `
  select d.last_seq::float8 as "lastSeq", page.*
  from member m join discussion d on d.subscriber = $1 and d.id = m.discussion
  left join lateral (
    select ${MESSAGE} from message x
    where x.subscriber = $1 and x.discussion = $2 and ${condition} and ${visibleTo('$3::uuid')}
    order by x.seq ${order} limit $5
  ) page on true
  where m.subscriber = $1 and m.discussion = $2 and m.person = $3
  order by page.seq ${order}`;

/** Messages of the discussion `$2` that `$3` may see, after the seq `$4`, at most `$5`. No row: `$3` is no member. */
export const PAGE_AFTER = statement<PageRow>('page after', page('x.seq > $4::bigint', 'asc'));

/** Likewise before the seq `$4`, newest first; null: the newest ones. */
export const PAGE_BEFORE = statement<PageRow>('page before', page('($4::bigint is null or x.seq < $4)', 'desc'));

/** The message `$3` of the discussion `$2` with the members who may see it. */
export const WITH_RECEIVERS = statement<MessageRow & { readonly people: string[] }>(
  'with receivers',
  `select ${MESSAGE}, (
     select array_agg(person) from member m where m.subscriber = $1 and m.discussion = x.discussion and ${visibleTo('m.person')}
   ) as people
   from message x where x.subscriber = $1 and x.discussion = $2 and x.seq = $3`,
);

const ONE_OF_MEMBER = `select ${MESSAGE}, m.role, d.archived_at is not null as archived
  from message x
  join member m on m.subscriber = $1 and m.discussion = x.discussion and m.person = $4
  join discussion d on d.subscriber = $1 and d.id = x.discussion
  where x.subscriber = $1 and x.discussion = $2 and x.seq = $3 and ${visibleTo('m.person')}`;

export type MemberMessageRow = MessageRow & { readonly role: 'owner' | 'member'; readonly archived: boolean };

/** The message `$3` of the discussion `$2`, if `$4` may see it. */
export const ONE = statement<MemberMessageRow>('one', ONE_OF_MEMBER);

/** As {@link ONE}, and locks the message. */
export const LOCKED_ONE = statement<MemberMessageRow>('locked one', `${ONE_OF_MEMBER} for no key update of x`);

/** Keeps the content of the message `$3` of the discussion `$2` as it is; `$4` is who changes it. */
export const KEEP_VERSION = statement<object>(
  'keep version',
  `insert into message_version (subscriber, discussion, seq, version, at, changed_by, content)
   select $1, discussion, seq, version, now(), $4, jsonb_strip_nulls(jsonb_build_object('text', text, 'spans', spans, 'data', data, 'buttons', buttons))
   from message where subscriber = $1 and discussion = $2 and seq = $3`,
);

/** Replaces the content: `$4` text, `$5` spans, `$6` data, `$7` buttons. */
export const EDIT = statement<object>(
  'edit',
  `update message set text = $4, spans = $5::jsonb, data = $6::jsonb, buttons = $7::jsonb, version = version + 1, edited_at = now()
   where subscriber = $1 and discussion = $2 and seq = $3`,
);

export const DELETE = statement<object>(
  'delete',
  `update message set text = '', spans = null, data = null, buttons = null, link = null, version = version + 1, deleted_at = now()
   where subscriber = $1 and discussion = $2 and seq = $3`,
);

/** Deletes the files and the reactions of a message. */
export const DELETE_FILES = statement<{ readonly id: string }>(
  'delete files',
  `with unliked as (delete from reaction where subscriber = $1 and discussion = $2 and seq = $3)
   delete from attachment where subscriber = $1 and discussion = $2 and seq = $3 returning id`,
);

/** Earlier versions of the message `$3` of the discussion `$2`, if `$4` is its author or an owner, and may see it. */
export const VERSIONS = statement<{
  readonly version: number;
  readonly at: Date;
  readonly by: string;
  readonly content: VersionContent;
}>(
  'versions',
  `select v.version, v.at, v.changed_by as by, v.content
   from message_version v where v.subscriber = $1 and v.discussion = $2 and v.seq = $3 order by v.version`,
);
export type VersionContent = Partial<Omit<MessageVersions['versions'][number], 'version' | 'at' | 'by'>>;

/** Maximum number of reactions of one person to a message. */
const MAX_REACTIONS = 20;

/** Adds the reaction `$5` of `$4` to the message `$3` of the discussion `$2`. */
export const REACT = statement<object>(
  'react',
  `insert into reaction (subscriber, discussion, seq, person, emoji) select $1, $2, $3, $4, $5
   where (select count(*) from reaction where subscriber = $1 and discussion = $2 and seq = $3 and person = $4) < ${MAX_REACTIONS}
   on conflict do nothing`,
);

export const UNREACT = statement<object>(
  'unreact',
  `delete from reaction where subscriber = $1 and discussion = $2 and seq = $3 and person = $4 and emoji = $5`,
);

/** A mark that was moved, and the members of its discussion. */
export interface MarkRow {
  readonly discussion: string;
  readonly readSeq: number;
  readonly deliveredSeq: number;
  readonly people: string[];
}

/**
 * Moves the marks of `$2` in the discussions `$3` up to `$4`, forwards only and at most to the newest message. `moved` names the columns.
 * The rows are locked in the order of the discussions, so that two workplaces of a person do not deadlock.
 */
const mark = (isRead: boolean) => `
  with wanted as (
    select discussion, max(seq) as seq from unnest($3::uuid[], $4::bigint[]) as given(discussion, seq) group by discussion
  ), locked as (
    select m.discussion, least(wanted.seq, d.last_seq) as seq
    from member m
    join wanted on wanted.discussion = m.discussion
    join discussion d on d.subscriber = $1 and d.id = m.discussion
    where m.subscriber = $1 and m.person = $2
    order by m.discussion for no key update of m
  )
  update member m set ${isRead ? 'read_seq = greatest(m.read_seq, locked.seq), ' : ''}delivered_seq = greatest(m.delivered_seq, locked.seq)
  from locked
  where m.subscriber = $1 and m.discussion = locked.discussion and m.person = $2
    and ${isRead ? 'm.read_seq' : 'm.delivered_seq'} < locked.seq
  returning m.discussion, m.read_seq::float8 as "readSeq", m.delivered_seq::float8 as "deliveredSeq",
    (select array_agg(person) from member o where o.subscriber = $1 and o.discussion = m.discussion) as people`;

export const MARK_READ = statement<MarkRow>('mark read', mark(true));
export const MARK_DELIVERED = statement<MarkRow>('mark delivered', mark(false));

/**
 * Records that `$4` has pressed the button `$6` of the message `$3` of the discussion `$2`: once per client id `$5`, for each flow that
 * listens to buttons of the author. `$7` is the id of the event.
 */
export const PRESS = statement<{ readonly isNew: boolean; readonly heard: boolean }>(
  'press',
  `with noted as (
     insert into sent (author, client_id, subscriber, discussion, seq) values ($4, 'press ' || $5::text, $1, $2, $3)
     on conflict (author, client_id) do nothing returning seq
   ), kept as (
     insert into outbox (subscriber, flow, id, reason, discussion, seq, pressed)
     select $1, l.flow, $7::uuid, 'button', $2, noted.seq, $6::jsonb
     from noted join message x on x.subscriber = $1 and x.discussion = $2 and x.seq = noted.seq
     join listener l on l.subscriber = $1 and l.bot = x.author and 'button' = any(l.reasons)
     returning no
   )
   select exists (select from noted) as "isNew", exists (select from kept) as heard`,
);

/** The run that waits for a button of the message `$3` of the discussion `$2`. */
export const WAITING = statement<{ readonly token: Buffer }>(
  'waiting',
  `select token from waiting where subscriber = $1 and discussion = $2 and seq = $3 and deadline > now()`,
);

export const STOP_WAITING = statement<object>(
  'stop waiting',
  `delete from waiting where subscriber = $1 and discussion = $2 and seq = $3`,
);

/** Notes that a run waits for a button until `$5`. A repetition, as after the death of a host, replaces the token. */
export const WAIT = statement<object>(
  'wait',
  `insert into waiting (subscriber, discussion, seq, token, deadline) values ($1, $2, $3, $4, $5)
   on conflict (discussion, seq) do update set token = excluded.token, deadline = excluded.deadline where waiting.subscriber = $1`,
);

/** Full name and application of a person. */
export const PERSON_NAME = statement<{ readonly user: string; readonly issuer: string }>(
  'person name',
  `select a.issuer || '/' || p.sub as user, a.issuer from person p join application a on a.subscriber = $1 and a.id = p.application
   where p.subscriber = $1 and p.id = $2`,
);
