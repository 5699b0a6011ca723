import { conversationsFail } from './failures.js';

/** A row in a list that is sorted by a time or a name and, among equal ones, by an id. */
export interface ListPosition {
  /** Microseconds since 1970, or the name. */
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
  if (position === undefined || id === undefined) throw refused();
  return { position, id };
}

/** Like {@link cursorOf}, for a list that is sorted by names. */
export function nameCursorOf({ position, id }: ListPosition): string {
  return Buffer.from(JSON.stringify([position, id])).toString('base64url');
}

/** Like {@link readCursor}, for a list that is sorted by names. */
export function readNameCursor(text: string | undefined): ListPosition | undefined {
  if (text === undefined) return undefined;
  try {
    const [position, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if (typeof position === 'string' && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)) return { position, id };
  } catch {
    // refused below
  }
  throw refused();
}

function refused(): Error {
  return conversationsFail.CONVERSATIONS_INVALID('`after` is not the `next` of a page', { sent: 'no' });
}
