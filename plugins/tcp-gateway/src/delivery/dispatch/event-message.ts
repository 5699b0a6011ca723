import { encodeMessage, type EncodedMessage } from '../../stomp/message-frame.js';
import type { EventContent, MailboxEvent } from '../mailbox/mailbox-event.js';

export const USER_EVENTS = '/user/events';

export const JSON_TYPE = 'application/json';

/** Returns an event of a mailbox as a MESSAGE that all sessions of its user can share. */
export function mailboxMessage({ seq, content }: Pick<MailboxEvent, 'seq' | 'content'>): EncodedMessage {
  return eventMessage(USER_EVENTS, content, seq);
}

/**
 * Returns an event as a MESSAGE.
 *
 * @param seq position of the event in the mailbox; absent for an event that is in no mailbox and is sent at most once.
 */
export function eventMessage(destination: string, { id, headers, body }: EventContent, seq?: number): EncodedMessage {
  return encodeMessage({ destination, id, contentType: body.length > 0 ? JSON_TYPE : undefined, headers, seq, body });
}
