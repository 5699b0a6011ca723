import type { Recipients } from '@sluice/plugin-api';
import type { EventContent, MailboxEvent } from '../mailbox/mailbox-event.js';

/** A host reads larger bodies from the mailbox when it needs them. */
export const MAX_NOTIFIED_BYTES = 8 * 1024;

/** The receivers of an event that is sent at most once: users, or the subscribers of a topic or of a destination of a plugin. */
export type Audience = Recipients | { readonly topic: string } | { readonly destination: string };

/** An event that is sent at most once. */
export interface Broadcast {
  readonly to: Audience;
  readonly content: EventContent;
  /** The receivers get the event one after another within this time. */
  readonly spreadMs: number;
}

/** The notification that a mailbox has a new event; it contains the event itself when that is short. */
export interface MailboxNotification extends Omit<MailboxEvent, 'content'> {
  readonly content?: EventContent;
}

/** A message of one gateway to the others. It joins what one turn of the event loop brings, so that this crosses the broker once. */
export interface PeerMessage {
  readonly notifications: readonly MailboxNotification[];
  readonly broadcasts: readonly Broadcast[];
}

/** The JSON part of a content, whose body follows after the JSON. */
type PackedContent = Omit<EventContent, 'body'> & { readonly size: number };

/** `content` is an index into the list of contents, so that an event for many users crosses the broker once. */
type Referring<Item extends { readonly content?: EventContent }> = Omit<Item, 'content'> & { readonly content?: number };

/** Its names are part of the format between hosts, and hosts of two releases may run at the same time: do not change them. */
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
