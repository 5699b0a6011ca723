import { engineFail, type EventAttributes } from '@sluice/plugin-api';

const JSON_TYPE = /^application\/([\w.+-]*\+)?json\b/i;
const TEXT_TYPE = /^(text\/|application\/([\w.+-]*\+)?xml\b)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i;

/**
 * `trigger.data` by content type: JSON gives the value, a text or XML the text, a form a map of texts, no body undefined.
 * Throws `BODY_UNREADABLE`.
 */
export function readData(attributes: EventAttributes, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const type = attributes.datacontenttype ?? 'application/json';
  if (JSON_TYPE.test(type)) {
    try {
      return JSON.parse(body.toString()) as unknown;
    } catch (error) {
      throw engineFail.BODY_UNREADABLE(`the body of ${attributes.type} ${attributes.id} says ${type} and is not JSON`, {
        cause: error,
      });
    }
  }
  if (TEXT_TYPE.test(type)) return body.toString();
  if (FORM_TYPE.test(type)) return Object.fromEntries(new URLSearchParams(body.toString()));
  throw engineFail.BODY_UNREADABLE(`the body of ${attributes.type} ${attributes.id} is ${type}, which a flow cannot read`);
}

/** Data as a body: a text with a content type of its own as it is, everything else as JSON. */
export function writeData(
  data: unknown,
  datacontenttype: string | undefined,
): { body: Buffer; datacontenttype: string | undefined } {
  if (data === undefined) return { body: Buffer.alloc(0), datacontenttype };
  if (typeof data === 'string' && datacontenttype !== undefined && !JSON_TYPE.test(datacontenttype)) {
    return { body: Buffer.from(data), datacontenttype };
  }
  return { body: Buffer.from(JSON.stringify(data)), datacontenttype: datacontenttype ?? 'application/json' };
}

/** The trigger as an expression sees it; `data` is parsed when it is first read. */
export function triggerView(attributes: EventAttributes, body: Buffer): Record<string, unknown> {
  let read = false;
  let data: unknown;
  return {
    ...attributes,
    get data() {
      if (!read) {
        data = readData(attributes, body);
        read = true;
      }
      return data;
    },
  };
}
