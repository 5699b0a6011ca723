import { failures } from './errors.js';
import { findJsonMistake } from './json-place.js';

/** Codes of a body that cannot be read. */
export const BODY_CODES = {
  BODY_INVALID: { fate: 'rejected', cure: 'send a body that is what its Content-Type says' },
  MEDIA_TYPE: { fate: 'rejected', cure: 'send JSON, XML, a text or a form' },
} as const;

const bodyFail = failures(BODY_CODES);

const JSON_TYPE = /^application\/(?:[\w.+-]*\+)?json\b/i;
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.+-]*\+)?xml\b)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i;

export type BodyKind = 'json' | 'text' | 'form' | 'other';

/** What a body of this content type is to a flow. */
export function bodyKind(contentType: string): BodyKind {
  if (JSON_TYPE.test(contentType)) return 'json';
  if (TEXT_TYPE.test(contentType)) return 'text';
  return FORM_TYPE.test(contentType) ? 'form' : 'other';
}

/**
 * A body as data: JSON as its value, XML and texts as a text, a form as a map of texts, no body as undefined.
 * Throws `MEDIA_TYPE` for anything else, and `BODY_INVALID` for what is not what it says, with the place. An integer past 2^53−1 is
 * refused too: JavaScript would round an account number without a word.
 */
export function parseBody(contentType: string, body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  switch (bodyKind(contentType)) {
    case 'json':
      return parseJson(decodeUtf8(body));
    case 'text':
      return decodeUtf8(body);
    case 'form':
      return parseForm(decodeUtf8(body));
    case 'other':
      throw bodyFail.MEDIA_TYPE(
        contentType === '' ? 'the body has no Content-Type' : `a flow cannot read ${contentType.slice(0, 100)}`,
        { sent: 'no' },
      );
  }
}

/** curl calls everything that it sends a form, unless it is told otherwise. */
function parseForm(text: string): Record<string, string> {
  if (/^\s*[{[]/.test(text)) {
    throw bodyFail.BODY_INVALID(
      'the body looks like JSON and says that it is a form: send the header Content-Type: application/json',
      { sent: 'no' },
    );
  }
  return Object.fromEntries(new URLSearchParams(text));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(body: Uint8Array): string {
  try {
    return UTF8.decode(body);
  } catch (error) {
    throw bodyFail.BODY_INVALID('the body is not UTF-8', { cause: error, sent: 'no' });
  }
}

/** Throws `BODY_INVALID` for what is not JSON, with line and column, and for an integer that would be rounded, with a JSON Pointer (RFC 6901) to it. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, column, wanted } = findJsonMistake(text);
    throw bodyFail.BODY_INVALID(`the body is not JSON: at line ${line}, column ${column} JSON wants ${wanted}`, {
      details: { line, column },
      sent: 'no',
    });
  }
  // only a long run of digits can be too large: the slow look is for those alone
  const pointer = /\d{16}/.test(text) ? pointerToRounded(text) : undefined;
  if (pointer === undefined) return value;
  throw bodyFail.BODY_INVALID(`the number at ${pointer} is larger than 2^53-1 and would be rounded: send it as a text`, {
    details: { pointer },
    sent: 'no',
  });
}

interface Level {
  readonly list: boolean;
  index: number;
  key: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\],:]/g;

/** Walks the tokens of a valid JSON text to the first integer that is not safe. */
function pointerToRounded(text: string): string | undefined {
  const levels: Level[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push({ list: token === '[', index: 0, key: '' });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ':' && level) level.key = JSON.parse(last) as string;
    else if (token === ',' && level) level.index++;
    else if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) return pointerOf(levels);
    last = token;
  }
  return undefined;
}

function pointerOf(levels: readonly Level[]): string {
  const words = levels.map((level) => (level.list ? String(level.index) : level.key.replaceAll('~', '~0').replaceAll('/', '~1')));
  return words.length === 0 ? 'the top' : `/${words.join('/')}`;
}
