import type { Message } from './shapes.js';

/** Messages of one author within this time form a group under one name. */
const GROUP_MS = 5 * 60_000;

/** A message of the list, with what is drawn above it. */
export interface MessageRow {
  readonly message: Message;
  /** Starts a day: a separator with the date. */
  readonly startsDay: boolean;
  /** Starts a group: name and picture of the author. */
  readonly startsGroup: boolean;
  /** Ends a group: more space below. */
  readonly endsGroup: boolean;
  /** The line "new messages" lies above. */
  readonly isFirstUnread: boolean;
}

/**
 * Returns the rows of the message list.
 *
 * @param unreadAfter the read seq of the reader when the discussion was opened; `undefined`: no line.
 * @param dayOf returns the day of a time in the time zone of the reader.
 */
export function rowsOf(
  messages: readonly Message[],
  { me, unreadAfter, dayOf }: { me: string; unreadAfter: number | undefined; dayOf: (at: string) => string },
): MessageRow[] {
  const firstUnread =
    unreadAfter === undefined ? undefined : messages.find(({ seq, author }) => seq > unreadAfter && author !== me)?.seq;
  const rows: MessageRow[] = [];
  let previous: Message | undefined;
  let previousDay: string | undefined;
  for (const message of messages) {
    const day = dayOf(message.at);
    const startsDay = day !== previousDay;
    const isFirstUnread = message.seq === firstUnread;
    const startsGroup =
      startsDay ||
      isFirstUnread ||
      previous?.author !== message.author ||
      Date.parse(message.at) - Date.parse(previous.at) > GROUP_MS ||
      message.replyTo !== undefined;
    const last = rows.at(-1);
    if (startsGroup && last) rows[rows.length - 1] = { ...last, endsGroup: true };
    rows.push({ message, startsDay, startsGroup, endsGroup: false, isFirstUnread });
    previous = message;
    previousDay = day;
  }
  const last = rows.at(-1);
  if (last) rows[rows.length - 1] = { ...last, endsGroup: true };
  return rows;
}
