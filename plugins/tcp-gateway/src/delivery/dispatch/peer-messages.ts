import type { Content, Mail, Target } from '../mailbox/mailbox-event.js';

/** Larger bodies are read from the mailbox by the host that needs them. */
export const MAX_NOTIFIED_BYTES = 8 * 1024;

/** Sent at most once: to users, or to who listens to a topic. */
export interface Broadcast {
  readonly to: Target | { readonly topic: string };
  readonly content: Content;
  /** The receivers get it one after another within this time. */
  readonly spreadMs: number;
}

/** That something lies in a mailbox, and the mail itself when it is short. */
export interface MailboxNotification extends Omit<Mail, 'content'> {
  readonly content?: Content;
}

/** What a gateway tells the others, joined: what one turn of the event loop brings crosses the broker once. */
export interface PeerMessage {
  readonly hints: readonly MailboxNotification[];
  readonly casts: readonly Broadcast[];
}

/** What the JSON part says of a content, whose body follows it. */
type Packed = Omit<Content, 'body'> & { readonly size: number };

/** `content`: its place among the contents, so that an event for many users crosses the broker once. */
type Referring<Item extends { readonly content?: Content }> = Omit<Item, 'content'> & { readonly content?: number };

interface WordJson {
  readonly contents: readonly Packed[];
  readonly hints: readonly Referring<MailboxNotification>[];
  readonly casts: readonly Referring<Broadcast>[];
}

/** Length of the JSON part (4 bytes), the JSON part, and the bodies of all contents as they are. */
export function encodePeerMessage({ hints, casts }: PeerMessage): Buffer {
  const places = new Map<Content, number>();
  const refer = <Item extends { readonly content?: Content }>({ content, ...rest }: Item) => {
    if (!content) return rest;
    const place = places.get(content) ?? places.size;
    places.set(content, place);
    return { ...rest, content: place };
  };
  const referring = { hints: hints.map(refer), casts: casts.map(refer) };
  const contents = [...places.keys()].map(({ body, ...head }) => ({ ...head, size: body.length }));
  const json = Buffer.from(JSON.stringify({ contents, ...referring }));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...[...places.keys()].map(({ body }) => body)]);
}

/** Throws when the bytes are no word. */
export function decodePeerMessage(bytes: Buffer): PeerMessage {
  let at = 4 + bytes.readUInt32BE(0);
  const packed = JSON.parse(bytes.toString('utf8', 4, at)) as WordJson;
  const contents = packed.contents.map(({ size, ...head }) => {
    at += size;
    return { ...head, body: bytes.subarray(at - size, at) };
  });
  const unpack = ({ content, ...rest }: Referring<MailboxNotification> | Referring<Broadcast>) =>
    content === undefined ? rest : { ...rest, content: contents[content] };
  return { hints: packed.hints.map(unpack) as MailboxNotification[], casts: packed.casts.map(unpack) as Broadcast[] };
}
