import { bodyKind, engineFail, parseBody, type EventAttributes, type NewEvent } from '@sluice/plugin-api';
import { messageOf } from './message-of.js';

/** `trigger.data`, by content type; no content type is JSON. Throws `BODY_UNREADABLE`. */
export function readData(attributes: EventAttributes, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    // the door has checked it: on the hot path it is only read
    if (attributes.datacontenttype === undefined || attributes.datacontenttype === 'application/json')
      return JSON.parse(body.toString()) as unknown;
    return parseBody(attributes.datacontenttype, body);
  } catch (error) {
    throw engineFail.BODY_UNREADABLE(`the body of ${attributes.type} ${attributes.id} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A body with its type. */
export interface Content {
  readonly body: Buffer;
  readonly datacontenttype: string | undefined;
}

/** What an event carries: its body as it came, if it has one, else its data written. */
export function contentOf(event: NewEvent): Content {
  const { body, datacontenttype } = event;
  if (body === undefined) return writeData(event.data, datacontenttype);
  return { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength), datacontenttype };
}

/** Data as a body: a text with a content type of its own as it is, everything else as JSON. */
export function writeData(data: unknown, datacontenttype: string | undefined): Content {
  if (data === undefined) return { body: Buffer.alloc(0), datacontenttype };
  if (typeof data === 'string' && datacontenttype !== undefined && bodyKind(datacontenttype) !== 'json') {
    return { body: Buffer.from(data), datacontenttype };
  }
  return { body: Buffer.from(JSON.stringify(data)), datacontenttype: datacontenttype ?? 'application/json' };
}
