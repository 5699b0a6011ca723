import { encodeMessage, type EncodedMessage } from '../../stomp/message.js';

/** An event on its way to desktops. */
export interface Content {
  /** Derived from the step that sends it: the same after every repeat, so that clients can tell a repeat. */
  readonly id: string;
  /** Headers of the MESSAGE, `event` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; empty when there is no data. */
  readonly body: Buffer;
}

/** To whom. Users in full, `<issuer>/<sub>`. */
export type Target =
  | { readonly user: string }
  | { readonly extension: string }
  | { readonly group: string }
  | { readonly workplace: string }
  | { readonly all: true };

/** An event in a user's mailbox. */
export interface Mail {
  readonly user: string;
  /** Its place: numbers rise by one for each event of the user, in the order in which they were committed. */
  readonly seq: number;
  readonly content: Content;
  /** Only for sessions at this workplace. */
  readonly workplace?: string;
  /** Milliseconds since 1970: not shown before. What comes after it waits too. */
  readonly due?: number;
  /** It may have been sent before it was read: to a session of which nobody knows what it saw. */
  readonly sent: boolean;
}

export const USER_EVENTS = '/user/events';

/** The mail as a MESSAGE for any number of the user's sessions. */
export function userMessage({ seq, content }: Pick<Mail, 'seq' | 'content'>): EncodedMessage {
  return messageTo(USER_EVENTS, content, seq);
}

/** Content as a MESSAGE. Without a place in a mailbox it is sent at most once. */
export function messageTo(destination: string, { id, headers, body }: Content, seq?: number): EncodedMessage {
  return encodeMessage({
    destination,
    id,
    ...(body.length > 0 && { contentType: JSON_TYPE }),
    headers: seq === undefined ? headers : { ...headers, seq: String(seq) },
    body,
  });
}

export const JSON_TYPE = 'application/json';
