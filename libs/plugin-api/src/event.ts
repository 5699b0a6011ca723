import { hash } from 'node:crypto';
import { v7 } from 'uuid';

/**
 * Attributes of an event: CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md), with the
 * extensions that Sluice uses. The data is carried separately, as bytes.
 */
export interface EventAttributes {
  /** Drawn once, when the event is accepted; ids of later events are derived from it. Unique together with `source`. At most 200 bytes. */
  readonly id: string;
  /** Set when the event is accepted: `/issuers/<issuer>/<sub>`, `/connections/<name>`, `/flows/<name>`. */
  readonly source: string;
  readonly type: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  /** Compression of the body, such as `gzip`. Only publishers other than Sluice set it, and such a body is not read. */
  readonly contentencoding?: string;
  readonly correlationid?: string;
  readonly partitionkey?: string;
  readonly traceparent?: string;
  /** Id of the event that caused this one. */
  readonly causationid?: string;
  /** `sub` of the sender's token. Not copied to emitted events. */
  readonly authid?: string;
  /** Of an emitted event: the sender of the first event of its chain, in whose account it is parked: `issuer <name>` or `flow <name>`. */
  readonly origin?: string;
  /** Number of emits since the event was accepted. Absent: 0. */
  readonly hops?: number;
  /** Facts about the transport rather than the data, for instance the headers of an HTTP request. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970 by the clock of the accepting host; `deliver.expires` is counted from this time. */
  readonly acceptedat?: number;
  /** True when `trigger.where` of the receiving flow was true at acceptance, so that the flow does not evaluate it again. */
  readonly wherechecked?: boolean;
  /** Queue of the host that waits for a reply. */
  readonly replyto?: string;
}

/** An event as the bus carries it. */
export interface EventMessage {
  readonly attributes: EventAttributes;
  readonly body: Buffer;
}

const NAMESPACE = '6f2a7c1e-51d0-5c0b-9a57-3f4b5d1ce0a1';

/**
 * Returns whether the text is a valid event type: words of `[A-Za-z0-9_-]` joined by dots, at most 200 characters.
 */
export function isEventType(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text);
}

/**
 * Returns whether the event type matches the pattern.
 *
 * @param pattern words joined by dots; `*` stands for one word, `#` for any number of words.
 */
export function typeMatches(pattern: string, type: string): boolean {
  const words = type.split('.');
  // matched[n]: the part of the pattern so far matches the first n words. Without this table several "#" would take exponential time.
  let matched = [true, ...words.map(() => false)];
  for (const part of pattern.split('.')) {
    const before = matched;
    matched = [];
    for (let count = 0; count <= words.length; count += 1) {
      const one = count > 0 && (part === '*' || part === words[count - 1]) && before[count - 1] === true;
      const any = part === '#' && (before[count] === true || (count > 0 && matched[count - 1] === true));
      matched.push(one || any);
    }
  }
  return matched[words.length] === true;
}

/** Returns a new id for an event whose source has no id of its own: UUIDv7, so that ids sort by time. */
export function newEventId(): string {
  return v7();
}

/** Returns the id of the run of an event through a flow. It depends on its arguments only, so every redelivery has the same id. */
export function runId(source: string, eventId: string, flow: string): string {
  return nameBasedId(NAMESPACE, JSON.stringify([source, eventId, flow]));
}

/**
 * Derives an id within a run. The same arguments return the same id, so a repeated step produces the same ids.
 *
 * @param path the path of the step and, where a step makes several things of one kind, a name or a number.
 */
export function derivedId(run: string, ...path: readonly (string | number)[]): string {
  return nameBasedId(run, JSON.stringify(path));
}

const UUID_BYTES = 16;
/** Shared by all calls: every hop needs several ids, and a buffer of its own for each would cost as much as its hash. */
const scratch = Buffer.allocUnsafe(1_024);
/** The first n bytes of `scratch`, by n. */
const beginnings: Buffer[] = [];

/**
 * Returns a UUIDv5, https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5. A single call into OpenSSL takes a third of the time of
 * the package `uuid`.
 */
function nameBasedId(namespace: string, name: string): string {
  const hex = hash('sha1', named(namespace, name), 'hex');
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Returns the bytes of the namespace followed by the name. They are valid until the next call. */
function named(namespace: string, name: string): Buffer {
  // one UTF-16 unit takes at most three bytes in UTF-8
  const most = UUID_BYTES + name.length * 3;
  if (most > scratch.length) {
    const large = Buffer.allocUnsafe(most);
    return large.subarray(0, write(large, namespace, name));
  }
  const length = write(scratch, namespace, name);
  return (beginnings[length] ??= scratch.subarray(0, length));
}

/** Writes the namespace and the name and returns the number of bytes. */
function write(target: Buffer, namespace: string, name: string): number {
  for (let byte = 0, at = 0; byte < UUID_BYTES; byte++, at += 2) {
    if (namespace.charCodeAt(at) === HYPHEN) at++;
    target[byte] = (nibble(namespace, at) << 4) | nibble(namespace, at + 1);
  }
  return UUID_BYTES + target.write(name, UUID_BYTES);
}

const HYPHEN = 45;

/** Returns the value of a hexadecimal digit in either case. */
function nibble(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : (code | 0x20) - 87;
}
