import type { Message } from '../contract.js';

/** A message as the statements return it. */
export interface MessageRow {
  readonly discussion: string;
  readonly seq: number;
  readonly id: string;
  readonly author: string;
  readonly at: Date;
  readonly text: string;
  readonly spans: Message['spans'] | null;
  readonly data: Message['data'] | null;
  readonly recipients: string[] | null;
  readonly buttons: Message['buttons'] | null;
  readonly replyTo: number | null;
  readonly link: string | null;
  readonly version: number;
  readonly editedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly attachments: Message['attachments'] | null;
  readonly reactions: Message['reactions'] | null;
}

/** Columns of {@link MessageRow}; `x` is the row of `message`, `$1` the subscriber. */
export const MESSAGE = `x.discussion, x.seq::float8 as seq, x.id, x.author, x.at, x.text, x.spans, x.data, x.recipients, x.buttons,
  x.reply_to::float8 as "replyTo", x.link, x.version, x.edited_at as "editedAt", x.deleted_at as "deletedAt",
  (select json_agg(json_build_object('id', f.id, 'name', f.name, 'type', f.type, 'bytes', f.bytes, 'isShown', f.is_shown) order by f.position)
    from attachment f where f.subscriber = $1 and f.discussion = x.discussion and f.seq = x.seq) as attachments,
  (select json_agg(json_build_object('emoji', one.emoji, 'people', one.people) order by one.at, one.emoji) from (
    select emoji, json_agg(person order by r.at, person) as people, min(r.at) as at
    from reaction r where r.subscriber = $1 and r.discussion = x.discussion and r.seq = x.seq group by emoji
  ) one) as reactions`;

/** Condition: the person may see the message, if he is a member of the discussion. `x` is the row of `message`. */
export const visibleTo = (person: string) => `(x.recipients is null or x.author = ${person} or ${person} = any(x.recipients))`;

/** Converts a row to the message of the API. */
export function messageOf(row: MessageRow): Message {
  const { discussion, seq, id, author, text, version, data, recipients, buttons, replyTo, link, editedAt, deletedAt } = row;
  return {
    discussion,
    seq,
    id,
    author,
    at: row.at.toISOString(),
    text,
    spans: row.spans ?? [],
    ...(data !== null && { data }),
    ...(recipients && { recipients }),
    ...(buttons && { buttons }),
    ...(replyTo !== null && { replyTo }),
    ...(link !== null && { link }),
    attachments: row.attachments ?? [],
    reactions: row.reactions ?? [],
    version,
    ...(editedAt && { editedAt: editedAt.toISOString() }),
    ...(deletedAt && { deletedAt: deletedAt.toISOString() }),
  };
}
