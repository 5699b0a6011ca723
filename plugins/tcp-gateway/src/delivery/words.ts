import type { Content, Mail, Target } from './mail.js';

/** Larger bodies are read from the mailbox by the host that needs them. */
export const LONGEST_HINTED = 8 * 1024;

/** Sent at most once: to users, or to who listens to a topic. */
export interface Cast {
  readonly to: Target | { readonly topic: string };
  readonly content: Content;
  /** The receivers get it one after another within this time. */
  readonly spreadMs: number;
}

/** That something lies in a mailbox, and the mail itself when it is short. */
export interface Hint extends Omit<Mail, 'content'> {
  readonly content?: Content;
}

/** What a gateway tells the others, joined: what one turn of the event loop brings crosses the broker once. */
export interface Word {
  readonly hints: readonly Hint[];
  readonly casts: readonly Cast[];
}

type WithSize<Item extends { readonly content?: Content }> = Omit<Item, 'content'> & {
  readonly content?: Omit<Content, 'body'> & { readonly size: number };
};

/** Length of the JSON part (4 bytes), the JSON part, and all bodies as they are. */
export function encodeWord({ hints, casts }: Word): Buffer {
  const bodies: Buffer[] = [];
  const pack = <Item extends { readonly content?: Content }>({ content, ...rest }: Item) => {
    if (!content) return rest;
    const { body, ...head } = content;
    bodies.push(body);
    return { ...rest, content: { ...head, size: body.length } };
  };
  const json = Buffer.from(JSON.stringify({ hints: hints.map(pack), casts: casts.map(pack) }));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...bodies]);
}

/** Throws when the bytes are no word. */
export function decodeWord(bytes: Buffer): Word {
  let at = 4 + bytes.readUInt32BE(0);
  const { hints, casts } = JSON.parse(bytes.toString('utf8', 4, at)) as { hints: WithSize<Hint>[]; casts: WithSize<Cast>[] };
  const unpack = ({ content, ...rest }: WithSize<Hint> | WithSize<Cast>) => {
    if (!content) return rest;
    const { size, ...head } = content;
    at += size;
    return { ...rest, content: { ...head, body: bytes.subarray(at - size, at) } };
  };
  return { hints: hints.map(unpack) as Hint[], casts: casts.map(unpack) as Cast[] };
}
