import { conversationsFail } from './failures.js';

/** A row in a list that is sorted by a time and, at the same time, by an id. */
export interface ListPosition {
  /** Microseconds since 1970. */
  readonly position: string;
  readonly id: string;
}

const CURSOR = /^(\d{1,18})\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/** Returns the value of `after` with which the page after this row begins. */
export function cursorOf({ position, id }: ListPosition): string {
  return `${position}.${id}`;
}

/** Reads a value of `after`. Throws `CONVERSATIONS_INVALID` for a text that no page has returned. */
export function readCursor(text: string | undefined): ListPosition | undefined {
  if (text === undefined) return undefined;
  const [, position, id] = CURSOR.exec(text) ?? [];
  if (position === undefined || id === undefined)
    throw conversationsFail.CONVERSATIONS_INVALID('`after` is not the `next` of a page', { sent: 'no' });
  return { position, id };
}
