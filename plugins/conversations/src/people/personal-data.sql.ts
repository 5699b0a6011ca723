import { statement } from '../database/statement.js';
import { OWN_VERSION } from './access-version.js';
import { MESSAGE, type MessageRow } from '../messages/message-rows.js';

/** `$2` person. */
export const APPLICATION_OF = statement<{ readonly application: string }>(
  'application of person',
  `select application from person where subscriber = $1 and id = $2`,
);

export const OWN_MEMBERSHIPS = statement<{
  readonly discussion: string;
  readonly title: string;
  readonly role: string;
  readonly joinedAt: Date;
}>(
  'own memberships',
  `select member.discussion, discussion.title, member.role, member.joined_at as "joinedAt"
   from member join discussion on discussion.subscriber = $1 and discussion.id = member.discussion
   where member.subscriber = $1 and member.person = $2 order by member.joined_at, member.discussion`,
);

export const OWN_FILES = statement<{ readonly id: string; readonly name: string; readonly type: string; readonly at: Date }>(
  'own files',
  `select id, name, type, bytes::float8 as bytes, at from attachment where subscriber = $1 and author = $2 order by at, id`,
);

export const OWN_REACTIONS = statement<{ readonly discussion: string; readonly seq: number; readonly emoji: string }>(
  'own reactions',
  `select discussion, seq::float8 as seq, emoji, at from reaction where subscriber = $1 and person = $2 order by at, discussion, seq`,
);

/** `$2` person, `$3` the query of its messages, `$4` ordinal of the last message of the page before. */
export const OWN_MESSAGES = statement<MessageRow & { readonly ordinal: string }>(
  'own messages',
  `select ${MESSAGE}, x.ordinal from message x
   where x.subscriber = $1 and x.words @@ $3::tsquery and x.author = $2 and x.ordinal > $4 order by x.ordinal limit 500`,
);

/** `$2` person, `$3` the query of its messages. */
export const OWN_VERSIONS = statement<{ readonly discussion: string; readonly seq: number; readonly version: number }>(
  'own versions',
  `select v.discussion, v.seq::float8 as seq, v.version, v.at, v.content
   from message x join message_version v on v.subscriber = $1 and v.discussion = x.discussion and v.seq = x.seq
   where x.subscriber = $1 and x.words @@ $3::tsquery and x.author = $2 order by v.discussion, v.seq, v.version`,
);

/**
 * Erases what identifies the person `$2`. The row stays, because messages refer to it, and so do memberships in direct discussions, whose
 * other member keeps them.
 */
export const ERASE_PERSON = statement<{ readonly picture: string | null }>(
  'erase person',
  `with before as (select picture from person where subscriber = $1 and id = $2 for update)
   update person set sub = 'erased:' || id, name = '', sort_name = '', words = '', phone = null, email = null, picture = null,
     is_locked = true,
     access_version = ${OWN_VERSION}, seen_at = null, erased_at = coalesce(erased_at, now())
   from before where subscriber = $1 and id = $2 returning before.picture`,
);

export const ERASE_REACTIONS = statement<object>('erase reactions', `delete from reaction where subscriber = $1 and person = $2`);
export const ERASE_SENT = statement<object>('erase sent', `delete from sent where subscriber = $1 and author = $2`);

/** Files of `$2` that no message contains, and its picture `$3`. */
export const ERASE_LOOSE_FILES = statement<{ readonly id: string }>(
  'erase loose files',
  `delete from attachment where subscriber = $1 and author = $2 and (discussion is null or id = $3) returning id`,
);

export const ERASE_MEMBERSHIPS = statement<object>(
  'erase memberships',
  `with gone as (
     delete from member using discussion
     where member.subscriber = $1 and member.person = $2
       and discussion.subscriber = $1 and discussion.id = member.discussion and discussion.kind <> 'direct'
     returning member.discussion
   ), heir as (
     select distinct on (other.discussion) other.discussion, other.person from gone
     join member other on other.subscriber = $1 and other.discussion = gone.discussion and other.person <> $2
     where not exists (
       select from member owner where owner.subscriber = $1 and owner.discussion = gone.discussion and owner.role = 'owner'
         and owner.person <> $2)
     order by other.discussion, other.joined_at, other.person
   )
   update member set role = 'owner' from heir
   where member.subscriber = $1 and member.discussion = heir.discussion and member.person = heir.person`,
);

/** Deletes up to 200 messages of `$2` as their author could, with their files; `$3` is the query of its messages. */
export const ERASE_TEXTS = statement<{ readonly messages: number; readonly files: string[] | null }>(
  'erase texts',
  `with own as (
     select discussion, seq from message
     where subscriber = $1 and words @@ $3::tsquery and author = $2 and deleted_at is null limit 200
   ), deleted as (
     update message set text = '', spans = null, data = null, buttons = null, link = null, version = version + 1, deleted_at = now()
     from own where message.subscriber = $1 and message.discussion = own.discussion and message.seq = own.seq
   ), unliked as (
     delete from reaction using own
     where reaction.subscriber = $1 and reaction.discussion = own.discussion and reaction.seq = own.seq
   ), files as (
     delete from attachment using own
     where attachment.subscriber = $1 and attachment.discussion = own.discussion and attachment.seq = own.seq returning attachment.id
   )
   select (select count(*)::integer from own) as messages, (select array_agg(id) from files) as files`,
);

export const ERASE_VERSIONS = statement<object>(
  'erase versions',
  `delete from message_version using message
   where message_version.subscriber = $1 and message.subscriber = $1 and message.words @@ $3::tsquery and message.author = $2
     and message_version.discussion = message.discussion and message_version.seq = message.seq`,
);
