import type { ExpressionProblem } from './problem.js';
import type { Token } from './tokens.js';

const ASCII = /^[\0-\x7f]*$/;
const SPACES = /[\u00a0\u2007\u202f\ufeff\u200b-\u200d\u2060]/;
const QUOTES = /[\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a]/;
const COMBINING = /\p{Letter}\p{Mark}/u;

/**
 * Finds misleading characters outside of texts in quotes. JSONata reads them there as parts of a name, so that `a = “1”` is valid
 * and evaluates to false.
 */
export function findCharacters(source: string, tokens: readonly Token[]): readonly ExpressionProblem[] {
  if (ASCII.test(source)) return [];
  return tokens.flatMap((token) => {
    if (token.kind === 'string' || token.kind === 'comment' || token.kind === 'regex') return [];
    const message = describe(token);
    if (!message) return [];
    return [
      {
        code: 'EXPR_CHARACTER',
        severity: 'error',
        message,
        start: token.start,
        end: token.end,
        write: plain(source).trim(),
        edits: [{ start: token.start, end: token.end, text: plain(token.text) }],
      },
    ];
  });
}

function describe(token: Token): string | undefined {
  if (token.kind !== 'quotedName' && SPACES.test(token.text)) return 'a special space, perhaps a non-breaking one';
  if (token.kind !== 'quotedName' && QUOTES.test(token.text)) return 'a typographic quote: an expression accepts only " and \'';
  if (COMBINING.test(token.text) && token.text !== token.text.normalize('NFC'))
    return 'a letter made of two characters (й as и with a combining mark)';
  return undefined;
}

function plain(source: string): string {
  return source.normalize('NFC').replace(new RegExp(SPACES, 'g'), ' ').replace(new RegExp(QUOTES, 'g'), '"');
}
