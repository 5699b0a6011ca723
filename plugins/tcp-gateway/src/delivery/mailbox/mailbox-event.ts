/** The content of an event for desktop clients. */
export interface EventContent {
  /** The same in every repeat of the event, so that a mailbox stores the event once and clients recognise a repeat. */
  readonly id: string;
  /** Headers of the MESSAGE, `event` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; empty when the event has no data. */
  readonly body: Buffer;
}

/** An event in a user's mailbox. */
export interface MailboxEvent {
  readonly user: string;
  /** Position in the mailbox. It rises by one for each event of the user, in the order of the commits. */
  readonly seq: number;
  readonly content: EventContent;
  /** Only sessions at this workplace receive the event. */
  readonly workplace?: string;
  /** Milliseconds since 1970. The event is not sent before this time, and neither are later events of the user. */
  readonly due?: number;
  /** The event may have been sent to a session before it was read, so a client may have seen it. */
  readonly sent: boolean;
}
