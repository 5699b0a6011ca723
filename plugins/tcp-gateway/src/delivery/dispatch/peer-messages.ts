import type { Recipients } from '@sluice/plugin-api';
import type { EventContent, MailboxEvent } from '../mailbox/mailbox-event.js';

/** Maximum bytes of an event body in a notification. Other hosts read larger bodies from the mailbox when they need them. */
export const MAX_NOTIFIED_BYTES = 8 * 1024;

/**
 * The receivers of an event that is sent at most once: sessions that any of the recipients means, or the subscribers of a topic or of a
 * destination of a plugin. One recipient is sent without a list, because hosts of an older release ignore lists.
 */
export type Audience = Recipients | readonly Recipients[] | { readonly topic: string } | { readonly destination: string };

/** An event that is sent at most once. */
export interface Broadcast {
  readonly to: Audience;
  readonly content: EventContent;
  /** Milliseconds within which the receivers receive the event one after another. */
  readonly spreadMs: number;
}

/** The notification that a mailbox has a new event; it contains a short event itself. */
export interface MailboxNotification extends Omit<MailboxEvent, 'content'> {
  readonly content?: EventContent;
}

/** A message of one gateway to the others: all notifications and broadcasts of one turn of the event loop. */
export interface PeerMessage {
  readonly notifications: readonly MailboxNotification[];
  readonly broadcasts: readonly Broadcast[];
}

/** The JSON part of a content. The body follows after the JSON part of the message. */
type PackedContent = Omit<EventContent, 'body'> & { readonly size: number };

/** `content` is an index into the list of contents, so that the message contains an event for many users once. */
type Referring<Item extends { readonly content?: EventContent }> = Omit<Item, 'content'> & { readonly content?: number };

/** The JSON part of a message. Do not change its names: hosts of two releases may run at the same time. */
interface PeerMessageJson {
  readonly contents: readonly PackedContent[];
  readonly hints: readonly Referring<MailboxNotification>[];
  readonly casts: readonly Referring<Broadcast>[];
}

/** Encodes a message: the length of the JSON part (4 bytes), the JSON part, and the bodies of all contents. */
export function encodePeerMessage({ notifications, broadcasts }: PeerMessage): Buffer {
  const indexOf = new Map<EventContent, number>();
  const refer = <Item extends { readonly content?: EventContent }>({ content, ...rest }: Item) => {
    if (!content) return rest;
    const index = indexOf.get(content) ?? indexOf.size;
    indexOf.set(content, index);
    return { ...rest, content: index };
  };
  const referring = { hints: notifications.map(refer), casts: broadcasts.map(refer) };
  const contents = [...indexOf.keys()].map(({ body, ...head }) => ({ ...head, size: body.length }));
  const json = Buffer.from(JSON.stringify({ contents, ...referring }));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...[...indexOf.keys()].map(({ body }) => body)]);
}

/** Decodes a message. Throws when the bytes are not a message. */
export function decodePeerMessage(bytes: Buffer): PeerMessage {
  let at = 4 + bytes.readUInt32BE(0);
  const packed = JSON.parse(bytes.toString('utf8', 4, at)) as PeerMessageJson;
  const contents = packed.contents.map(({ size, ...head }) => {
    at += size;
    return { ...head, body: bytes.subarray(at - size, at) };
  });
  const unpack = ({ content, ...rest }: Referring<MailboxNotification> | Referring<Broadcast>) =>
    content === undefined ? rest : { ...rest, content: contents[content] };
  return {
    notifications: packed.hints.map(unpack) as MailboxNotification[],
    broadcasts: packed.casts.map(unpack) as Broadcast[],
  };
}
