import { z } from 'zod';

/**
 * The API of conversations: what requests, answers and live events contain. Server, page and other clients use these shapes. A later release
 * only adds fields.
 */

/** Texts without the character U+0000, which PostgreSQL cannot store. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, 'contains the character U+0000: remove it');

export const MAX_TEXT_CHARS = 20_000;
export const MAX_MEMBERS = 1_000;
export const MAX_ATTACHMENTS = 10;
export const MAX_DATA_BYTES = 65_536;

export const uuid = z.uuid();
/** Position of a message in its discussion: 1, 2, 3, … without gaps. */
export const seq = z.int().min(1);
const time = z.iso.datetime({ offset: true });

// ---- people

/** A person as programs name him, which know the users of their own application and not the ids here. */
export const personName = z.string().min(1).max(400).describe('id of a person, or `<issuer>/<sub>` as in the token');

export const person = z
  .object({
    id: uuid,
    application: z.string().describe('name of the issuer of the tokens of this person'),
    sub: z.string().describe('`sub` of the tokens of this person; the id of the user in 1C'),
    name: z.string(),
    phone: z.string().optional(),
    email: z.string().optional(),
    picture: uuid.optional().describe('id of an attachment'),
    isBot: z.boolean(),
    isLocked: z.boolean().describe('a locked person cannot log in; the messages stay'),
    isOnline: z.boolean(),
    seenAt: time.optional().describe('when the person was last connected'),
    erasedAt: time.optional().describe('the data of the person have been erased: the name is empty'),
  })
  .meta({ id: 'Person' });
export type Person = z.output<typeof person>;

export const personChange = z
  .strictObject({
    name: text(200).min(1).optional(),
    phone: text(50).optional(),
    email: z.email().max(200).optional(),
    picture: uuid.nullable().optional(),
  })
  .meta({ id: 'PersonChange' });

export const personImport = z
  .strictObject({
    people: z
      .array(
        z.strictObject({
          sub: text(200).min(1),
          name: text(200).min(1),
          phone: text(50).optional(),
          email: z.email().max(200).optional(),
          isLocked: z.boolean().optional(),
          isBot: z.boolean().optional(),
        }),
      )
      .max(1_000),
  })
  .meta({ id: 'PersonImport' });

/** Characters that were removed from a name, such as `U+202E`, because they are invisible or change the direction of a text. */
const removedCharacters = z.array(z.string());

export const personChangeResult = person
  .extend({ removedCharacters: removedCharacters.describe('of the new name; empty in general') })
  .meta({ id: 'PersonChangeResult' });

export const personImportResult = z
  .object({
    created: z.number(),
    changed: z.number(),
    unchanged: z.number(),
    cleaned: z
      .array(z.object({ sub: z.string(), name: z.string(), removedCharacters }))
      .describe('people whose names contained invisible characters'),
    refused: z.array(z.object({ sub: z.string(), message: z.string() })),
  })
  .meta({ id: 'PersonImportResult' });

export const personQuery = z.strictObject({
  search: text(200).optional().describe('beginnings of words of the name, digits of the phone, or the e-mail address'),
  ids: z
    .string()
    .max(4_000)
    .transform((ids) => ids.split(','))
    .pipe(z.array(uuid).max(100))
    .optional()
    .describe('up to 100 ids, separated by commas: exactly these people, also erased ones; not together with the others'),
  after: z.string().max(1_000).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

export const personPage = z
  .object({ people: z.array(person), next: z.string().optional().describe('value of `after` for the next page') })
  .meta({ id: 'PersonPage' });

// ---- messages

/** A part of a text that is shown in a special way. Offsets count UTF-16 units, as JavaScript and 1C do. */
export const span = z.strictObject({
  kind: z.enum(['bold', 'italic', 'strike', 'code', 'link', 'mention']).describe('how the part is shown'),
  from: z.int().min(0).describe('offset of the first character, from 0'),
  to: z.int().min(1).describe('offset after the last character'),
  url: z
    .url({ protocol: /^(https?|e1c|tel|mailto)$/ })
    .max(2_000)
    .optional()
    .describe('of a link'),
  person: uuid.optional().describe('of a mention'),
});

/** A button below a message, as in the button panel of 1C 8.3.25. */
export const button = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,50}$/)
    .describe('unique in the message'),
  text: text(100).min(1).describe('caption'),
  action: text(200).optional().describe('name for the bot or flow that handles it; absent for a link'),
  data: z.json().optional().describe('returned to the bot'),
  url: z
    .url({ protocol: /^(https?|e1c)$/ })
    .max(2_000)
    .optional()
    .describe('opens this address instead of an action'),
  enabled: z.boolean().default(true).describe('false: shown, and cannot be pressed'),
});
export const buttons = z.array(z.array(button).min(1).max(8)).max(10).describe('rows of buttons');

export const attachment = z
  .object({
    id: uuid,
    name: z.string(),
    type: z.string().describe('media type'),
    bytes: z.number(),
    isShown: z.boolean().describe('false: data for programs, which the page does not show'),
  })
  .meta({ id: 'Attachment' });

export type Attachment = z.output<typeof attachment>;

export const reaction = z.object({ emoji: z.string(), people: z.array(uuid) });

/** One emoji with its modifiers, such as 👍🏽. */
export const emoji = z
  .string()
  .max(16)
  .regex(
    /^(\p{Extended_Pictographic}|\p{RI}{2}|[#*\d]\uFE0F?\u20E3)(\p{Emoji_Modifier}|\uFE0F|\u200D\p{Extended_Pictographic})*$/u,
    'is not an emoji',
  );

export const message = z
  .object({
    discussion: uuid,
    seq,
    id: uuid,
    author: uuid,
    at: time,
    text: z.string(),
    spans: z.array(span),
    data: z.json().optional(),
    recipients: z.array(uuid).optional().describe('only these people and the author see the message; absent: all members'),
    buttons: buttons.optional(),
    replyTo: seq.optional(),
    link: z.string().optional().describe('navigation link to an object of 1C, such as e1cib/data/…'),
    attachments: z.array(attachment),
    reactions: z.array(reaction),
    version: z.number().describe('increases by one with each edit'),
    editedAt: time.optional(),
    deletedAt: time.optional().describe('a deleted message keeps its seq and has no text, data, buttons and attachments'),
  })
  .meta({ id: 'Message' });
export type Message = z.output<typeof message>;

export const newMessage = z
  .strictObject({
    clientId: z.string().min(1).max(100).describe('a repeated post with the same id returns the first message, for 30 days'),
    text: text(MAX_TEXT_CHARS).default(''),
    spans: z.array(span).max(200).default([]),
    data: z.json().optional(),
    recipients: z.array(uuid).min(1).max(MAX_MEMBERS).optional(),
    buttons: buttons.optional(),
    replyTo: seq.optional(),
    link: text(2_000).optional(),
    attachments: z.array(uuid).max(MAX_ATTACHMENTS).default([]),
  })
  .meta({ id: 'NewMessage' });
export type NewMessage = z.output<typeof newMessage>;

export const messageEdit = z
  .strictObject({
    version: z.int().min(1).describe('version that the sender has seen'),
    text: text(MAX_TEXT_CHARS).optional(),
    spans: z.array(span).max(200).optional(),
    data: z.json().optional(),
    buttons: buttons.optional(),
  })
  .meta({ id: 'MessageEdit' });
export type MessageEdit = z.output<typeof messageEdit>;

export const messageVersions = z
  .object({
    versions: z
      .array(
        z.object({
          version: z.number(),
          at: time.describe('when the next version replaced it'),
          by: uuid.describe('who changed or deleted it'),
          text: z.string(),
          spans: z.array(span),
          data: z.json().optional(),
          buttons: buttons.optional(),
        }),
      )
      .describe('earlier versions, oldest first'),
  })
  .meta({ id: 'MessageVersions' });
export type MessageVersions = z.output<typeof messageVersions>;

export const buttonPress = z
  .strictObject({ clientId: z.string().min(1).max(100).describe('a repeated press with the same id is one press') })
  .meta({ id: 'ButtonPress' });

export const postResult = z.object({ message, repeated: z.boolean() }).meta({ id: 'PostResult' });
export type PostResult = z.output<typeof postResult>;

export const messagePage = z
  .object({
    messages: z.array(message).describe('by seq, oldest first'),
    lastSeq: z.number().describe('seq of the newest message of the discussion; 0 when it is empty'),
    hasMore: z
      .boolean()
      .describe('whether further messages lie in the direction of the request: newer ones with `after`, otherwise older ones'),
  })
  .meta({ id: 'MessagePage' });
export type MessagePage = z.output<typeof messagePage>;

// ---- discussions

/**
 * `contextual`: about an object of 1C, one per key. `group`: a named circle. `direct`: one per pair of people. `channel`: hidden; carries data
 * between applications, and pages do not list it.
 */
export const KINDS = ['contextual', 'group', 'direct', 'channel'] as const;
export const ROLES = ['owner', 'member'] as const;

export const member = z
  .object({
    person: uuid,
    role: z.enum(ROLES),
    readSeq: z.number(),
    deliveredSeq: z.number(),
    joinedAt: time,
  })
  .meta({ id: 'Member' });

export const memberPage = z
  .object({ members: z.array(member), next: z.string().optional().describe('value of `after` for the next page') })
  .meta({ id: 'MemberPage' });
export type MemberPage = z.output<typeof memberPage>;

export const discussion = z
  .object({
    id: uuid,
    kind: z.enum(KINDS),
    key: z.string().optional(),
    title: z.string().describe('of a direct discussion: empty, because each side sees the name of the other one'),
    context: z.string().optional().describe('navigation link to the object of 1C'),
    /** Up to 10 of them; `GET …/members` returns all. */
    members: z.array(member),
    memberCount: z.number(),
    lastSeq: z.number(),
    lastMessage: message.optional(),
    /** Of the caller. */
    readSeq: z.number(),
    unread: z.number().describe('messages of others after readSeq that the caller may see; counted up to 100'),
    mentioned: z.boolean().describe('whether one of the unread messages mentions the caller'),
    mutedUntil: time.optional(),
    role: z.enum(ROLES),
    archivedAt: time.optional(),
    activeAt: time.describe('time of the newest message, or of the creation'),
  })
  .meta({ id: 'Discussion' });
export type Discussion = z.output<typeof discussion>;

export const newDiscussion = z
  .strictObject({
    kind: z.enum(KINDS),
    key: text(500).min(1).optional().describe('required for contextual; an existing discussion with the key is returned'),
    title: text(200).default(''),
    context: text(2_000).optional(),
    members: z.array(personName).max(MAX_MEMBERS).default([]).describe('without the caller; exactly one for direct'),
  })
  .meta({ id: 'NewDiscussion' });
export type NewDiscussion = z.output<typeof newDiscussion>;

export const openResult = z.object({ discussion, created: z.boolean() }).meta({ id: 'OpenResult' });

export const discussionChange = z
  .strictObject({
    title: text(200).optional(),
    isArchived: z.boolean().optional(),
    mutedUntil: time.nullable().optional().describe('for the caller only; null: not muted'),
    retentionDays: z.int().min(1).max(36_500).nullable().optional().describe('messages older than this are deleted; null: never'),
  })
  .meta({ id: 'DiscussionChange' });
export type DiscussionChange = z.output<typeof discussionChange>;

export const discussionPage = z
  .object({ discussions: z.array(discussion), next: z.string().optional().describe('value of `after` for the next page') })
  .meta({ id: 'DiscussionPage' });

export const marks = z
  .strictObject({
    marks: z
      .array(z.strictObject({ discussion: uuid, seq }))
      .min(1)
      .max(500),
  })
  .meta({ id: 'Marks' });
export type Marks = z.output<typeof marks>['marks'];

export const unreadTotal = z.object({ discussions: z.number(), messages: z.number() }).meta({ id: 'UnreadTotal' });

// ---- search

export const searchQuery = z.strictObject({
  text: text(200).min(1),
  discussion: uuid.optional(),
  author: uuid.optional(),
  from: time.optional(),
  to: time.optional(),
  order: z.enum(['newest', 'rank']).default('newest').describe('rank: the best of the newest 1,000 matches first'),
  after: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

export const searchPage = z
  .object({
    hits: z.array(
      z.object({
        message,
        title: z.string().describe('of the discussion'),
        highlights: z.array(z.object({ from: z.number(), to: z.number() })).describe('found parts of the text, in UTF-16 units'),
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'SearchPage' });

// ---- the caller

export const me = z
  .object({
    person,
    subscriber: z.object({ id: uuid, code: z.string(), title: z.string() }),
    feed: z.string().describe('STOMP destination with the live events of the caller'),
    limits: z.object({ attachmentBytes: z.number(), textChars: z.number() }),
  })
  .meta({ id: 'ConversationsMe' });

// ---- live

export const unreadHint = z.object({
  discussion: uuid,
  kind: z.enum(KINDS),
  key: z.string().optional(),
  title: z.string(),
  lastSeq: z.number(),
});

export const pressedButton = z.object({
  discussion: uuid,
  seq,
  button: z.string().describe('id of the button'),
  action: z.string(),
  data: z.json().optional().describe('`data` of the button'),
  person: uuid.describe('who pressed it'),
});

/**
 * Bodies of the live events by the header `event`. They are sent at most once: a client that was away reads messages after its last seq, and
 * the list of discussions.
 */
export const LIVE = {
  /** A new message. */
  'conversations.message': message,
  /** An edit, a deletion, a reaction or a press of a button. */
  'conversations.message-changed': message,
  /** A discussion that is new for the receiver or that has changed; without the last message. */
  'conversations.discussion': discussion,
  /** The receiver is no member any more. */
  'conversations.left': z.object({ discussion: uuid }),
  /** Somebody has read or received messages. */
  'conversations.marks': z.object({ discussion: uuid, person: uuid, readSeq: z.number(), deliveredSeq: z.number() }),
  /** Somebody is typing; valid for 5 s. */
  'conversations.typing': z.object({ discussion: uuid, person: uuid }),
  /**
   * Messages up to `lastSeq` wait for the receiver, who has not marked them as delivered a second later. A client that has them already marks
   * them; another one reads after its newest seq. The event lies in the mailbox of the person as well, one per discussion.
   */
  'conversations.unread': unreadHint,
  /** A person has pressed a button below a message of the receiver. */
  'conversations.button': pressedButton,
} as const;

/** Bodies of the live events. */
export type LiveEvents = { readonly [Event in keyof typeof LIVE]: z.input<(typeof LIVE)[Event]> };
