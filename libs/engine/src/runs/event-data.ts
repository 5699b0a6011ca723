import { engineFail, parseBody, refuseEncoded, writeBody, type EventAttributes, type NewEvent } from '@sluice/plugin-api';
import { exceedsJsonBytes } from './json-size.js';
import { messageOf } from '../message-of.js';

const JSON_TYPE = 'application/json';

/**
 * Reads the body of an event by its content type, with the same reader as HTTP requests; a missing content type means JSON.
 *
 * @returns the value of `trigger.data`; undefined without a body.
 * @throws `BODY_UNREADABLE` with the place and the reason, also for a body that an encoding packs.
 */
export function readData(attributes: EventAttributes, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    refuseEncoded(attributes.contentencoding);
    return parseBody(attributes.datacontenttype ?? JSON_TYPE, body);
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

/**
 * Returns the content of an event: its unchanged body when it has one, otherwise its data as JSON.
 *
 * @throws `BODY_TOO_LARGE` for data that is larger, as {@link writeData}. The size of a body is not checked
 */
export function contentOf(event: NewEvent, maxBytes = Number.POSITIVE_INFINITY): Content {
  const { body, datacontenttype } = event;
  if (body === undefined) return writeData(event.data, datacontenttype, maxBytes);
  return { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength), datacontenttype };
}

/**
 * Writes data as a body: a text with a content type of its own as it is, everything else as JSON, in the encoding that the type names.
 *
 * @throws `MEDIA_TYPE` or `BODY_INVALID` for data that cannot be written in that encoding; `BODY_TOO_LARGE`, before anything is written, for
 *   data that certainly has more than `maxBytes`. Other bodies may still be larger, because the size in the encoding is not known before.
 */
export function writeData(data: unknown, datacontenttype: string | undefined, maxBytes = Number.POSITIVE_INFINITY): Content {
  if (typeof data === 'string' ? data.length > maxBytes : exceedsJsonBytes(data, maxBytes))
    throw engineFail.BODY_TOO_LARGE(`the data has more than ${maxBytes} bytes, which is the limit`);
  if (data === undefined) return { body: Buffer.alloc(0), datacontenttype };
  return { body: writeBody(datacontenttype ?? JSON_TYPE, data), datacontenttype: datacontenttype ?? JSON_TYPE };
}
