import { engineFail, type EventMessage } from '@sluice/plugin-api';

const JSON_TYPE = /^application\/([\w.+-]*\+)?json\b/i;
const TEXT_TYPE = /^(text\/|application\/([\w.+-]*\+)?xml\b)/i;

/** What a handler gets as its payload: the value of JSON, the text of a text or XML, else the bytes. Throws `BODY_UNREADABLE`. */
export function readBody({ attributes, body }: EventMessage): unknown {
  if (body.length === 0) return undefined;
  const type = attributes.datacontenttype ?? 'application/json';
  if (TEXT_TYPE.test(type)) return body.toString();
  if (!JSON_TYPE.test(type)) return body;
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch (error) {
    throw engineFail.BODY_UNREADABLE(`the body of ${attributes.type} ${attributes.id} says ${type} and is not JSON`, {
      cause: error,
    });
  }
}
