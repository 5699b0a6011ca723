import { isAlias, isCollection, isMap, isScalar, type CST, type Document, type Pair, type Scalar } from 'yaml';
import { replacing, type Cure, type Edit, type Report } from '../report.js';
import type { Span } from './source-text.js';
import { quoted } from './spell.js';

/**
 * Reports valid YAML that is not allowed because its meaning surprises: anchors, aliases, tags and directives. Searches the tokens,
 * because the document drops a tag or an anchor that it could not use. Returns the spans of the reported tokens.
 */
export function refuseTokens(tokens: readonly CST.Token[], report: Report): Span[] {
  const refused: Span[] = [];
  if (!MAYBE_REFUSED.test(report.source.text)) return refused;
  for (const found of writtenTokens(tokens)) if (refuseToken(found, report)) refused.push(spanOfToken(found));
  return refused;
}

/** Matches a text that may contain such a token: its first character stands at the beginning of a word. */
const MAYBE_REFUSED = /(?:^|[\s,[\]{}:?-])[&*!]|^%/m;

interface WrittenToken {
  readonly type: string;
  readonly offset: number;
  readonly source: string;
}

function spanOfToken(token: WrittenToken): Span {
  return { start: token.offset, end: token.offset + token.source.length };
}

function refuseToken(token: WrittenToken, report: Report): boolean {
  const { source } = token;
  const at = spanOfToken(token);
  switch (token.type) {
    case 'directive':
      report.error(at, 'YAML_SYNTAX', `the directive ${source} is not allowed: files are YAML 1.2`, { do: 'delete the line' });
      return true;
    case 'tag':
      report.error(at, 'YAML_SYNTAX', `"!" begins a YAML tag, so ${source} is not part of the value`, {
        do: 'put the value in quotes',
      });
      return true;
    case 'anchor':
      report.error(at, 'YAML_ALIAS', `"&" begins a YAML anchor, so ${source} is not part of the value`, {
        do: 'put the value in quotes',
      });
      return true;
    case 'alias':
      report.error(at, 'YAML_ALIAS', `"*" begins a YAML alias, so ${source} is not a text`, aliasCure(token, report));
      return true;
    default:
      return false;
  }
}

/** The value is the rest of the line, or only the token when a list or a map in brackets continues after it. */
function aliasCure(token: WrittenToken, report: Report): Cure {
  const { line } = report.source.location(token.offset);
  const rest = report.source.text.slice(token.offset, report.source.lineEnd(line)).replace(/\s+#.*$/, '');
  const value = /[,\]}]/.test(rest) ? token.source : rest.trimEnd();
  const write = quoted(value);
  return /:(?:\s|$)/.test(value) ? { write } : replacing({ start: token.offset, end: token.offset + value.length }, write);
}

const REFUSED_TYPES = ['directive', 'tag', 'anchor', 'alias'];

/** Returns the tokens to check, in the order of the file. Not recursive, because the tokens of a broken file can nest very deeply. */
function writtenTokens(tokens: readonly CST.Token[]): readonly WrittenToken[] {
  const found: WrittenToken[] = [];
  const open: (CST.Token | null | undefined)[] = [...tokens];
  const look = (token: WrittenToken): void => {
    if (REFUSED_TYPES.includes(token.type)) found.push(token);
  };
  while (open.length > 0) {
    const token = open.pop();
    if (!token) continue;
    if ('source' in token) look(token);
    if ('start' in token) for (const part of Array.isArray(token.start) ? token.start : [token.start]) look(part);
    if ('props' in token) open.push(...token.props);
    if ('items' in token) {
      for (const { start, key, sep, value } of token.items) {
        start.forEach(look);
        sep?.forEach(look);
        open.push(key, value);
      }
    }
    if (token.type === 'document') open.push(token.value);
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}

/**
 * Characters that editors do not show, or that reorder what they show: control characters, which YAML forbids although the parser accepts
 * them, zero-width spaces, byte order marks, and the controls of the Unicode Bidirectional Algorithm that embed, override and isolate.
 */
const INVISIBLE = /(?![\t\n\r])\p{Cc}|\r(?!\n)|\p{Surrogate}|[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]/gu;
/** Maximum invisible characters to report in one file. */
const MAX_INVISIBLE = 20;

/** Reports invisible characters, lone surrogates and lone carriage returns. After a lone carriage return all line numbers would be wrong. */
export function refuseInvisible(report: Report): void {
  let found = 0;
  for (const { index, 0: character } of report.source.text.matchAll(INVISIBLE)) {
    const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    const message =
      character === '\r' ? 'a line ends with a carriage return alone' : `the invisible character ${code} stands here`;
    const cure =
      character === '\r'
        ? 'save the file with line ends of \\n or \\r\\n'
        : `delete it, or write it as an escape in double quotes`;
    report.error({ start: index, end: index + 1 }, 'YAML_CHARACTER', message, { do: cure });
    if ((found += 1) >= MAX_INVISIBLE) return;
  }
}

/** Reports errors that only the composed document shows: empty values, spellings of null and numbers, keys, characters. */
export function refuseValues(document: Document.Parsed, report: Report): void {
  const root: unknown = document.contents;
  if (isCollection(root) || isScalar(root)) visitValue(root, report);
}

function visitValue(node: unknown, report: Report): void {
  if (isScalar(node)) {
    refuseScalar(node, report);
  } else if (isMap(node)) {
    const seen = new Set<string>();
    for (const pair of node.items) refusePair(pair, seen, report);
  } else if (isCollection(node)) {
    for (const item of node.items) {
      if (isEmpty(item))
        report.error(spanOf(item), 'YAML_EMPTY', 'this item of the list is empty', {
          do: 'write null if nothing is meant, or delete it',
        });
      else visitValue(item, report);
    }
  }
}

function refusePair(pair: Pair, seen: Set<string>, report: Report): void {
  const { key, value } = pair;
  if (isAlias(key) || isAlias(value)) return;
  if (!isScalar(key)) {
    refuseKey(spanOf(key), report);
    return;
  }
  const at = spanOf(key);
  const written = key.source ?? '';
  if (value === null || isEmpty(value)) {
    report.error(at, 'YAML_EMPTY', `"${written}" has no value`, emptyCure(written, at, report));
    return;
  }
  if (typeof key.value !== 'string') {
    report.error(at, 'YAML_SYNTAX', `the key ${written} is not a text`, replacing(at, quoted(written)));
  } else if (key.value === '<<' && key.type === 'PLAIN') {
    report.error(at, 'YAML_ALIAS', 'merge keys are not allowed', { do: 'write the keys out' });
  } else {
    if (seen.has(key.value))
      report.error(at, 'YAML_SYNTAX', `the key "${key.value}" is written twice here`, { do: 'delete one of the two' });
    seen.add(key.value);
    refuseScalar(key, report);
  }
  visitValue(value, report);
}

/** Reports a key that is a map or a list. Nearly always an expression was meant: YAML reads `{{ x }}` as a map with a map as key. */
function refuseKey(at: Span, report: Report): void {
  const start = Math.max(0, at.start - 1);
  const [written = '', inner] = /^\{\{\s*(.*?)\s*\}\}/.exec(report.source.text.slice(start)) ?? [];
  if (inner === undefined)
    report.error(at, 'YAML_SYNTAX', 'a key must be a text, not a map or a list', {
      do: 'put the value in quotes if it is a text',
    });
  else {
    // the key is the inner map, which begins after the first brace
    const whole = { start, end: start + written.length };
    report.error(
      whole,
      'YAML_QUOTE',
      'an expression begins with "${{", not with "{{"',
      replacing(whole, quoted(`\${{ ${inner} }}`)),
    );
  }
}

function emptyCure(name: string, at: Span, report: Report): Cure {
  if (CONDITIONS.includes(name)) return { do: `write a condition: ${name}: \${{ trigger.data.vip }}, or delete the line` };
  const { line } = report.source.location(at.start);
  const rest = report.source.text.slice(at.end, report.source.lineEnd(line));
  const comment = /^\s*:\s+(#.*)$/.exec(rest)?.[1];
  if (comment !== undefined) return { write: `${name}: '${comment}'` };
  if (SECTIONS.includes(name)) return { do: `write its keys below it, indented, or delete the line` };
  return { write: `${name}: null  (if nothing is meant)` };
}

/** Keys of the language whose value is a map or a list, so that null would be an error. */
const SECTIONS =
  'trigger deliver dedupe retry steps vars settings connections pace issuers plugins with switch cases otherwise onError emit reply tests headers'.split(
    ' ',
  );

const CONDITIONS = ['if', 'when', 'where'];

const SPELLINGS: readonly (readonly [pattern: RegExp, write: string])[] = [
  [/^(~|Null|NULL)$/, 'null'],
  [/^(True|TRUE)$/, 'true'],
  [/^(False|FALSE)$/, 'false'],
];

function refuseScalar(node: Scalar, report: Report): void {
  if (typeof node.value === 'string' && !node.value.isWellFormed()) {
    report.error(spanOf(node), 'YAML_CHARACTER', 'the text contains half of a character (a lone surrogate)', {
      do: 'write both halves of the character, or delete the escape',
    });
  }
  if (node.type !== 'PLAIN') return;
  const written = node.source ?? '';
  const at = spanOf(node);
  if (typeof node.value === 'number') {
    refuseNumber(node.value, written, at, report);
    return;
  }
  const spelling = SPELLINGS.find(([pattern]) => pattern.test(written));
  if (spelling !== undefined) {
    const cure = replacing(at, spelling[1], `${spelling[1]}, or '${written}' if it is a text`);
    report.error(at, 'YAML_SPELLING', `${written} is read as ${spelling[1]}`, cure);
  }
  refuseCharacters(written, at, report);
}

function refuseNumber(value: number, written: string, at: Span, report: Report): void {
  if (!Number.isFinite(value)) {
    report.error(at, 'YAML_SPELLING', `${written} cannot be sent as a number`, { write: `'${written}' if it is a text` });
    return;
  }
  const exact = Number.isSafeInteger(value) || !Number.isInteger(value);
  if (String(value) === written && exact) return;
  const write = `'${written}' if it is a text (a phone, a code, an account)`;
  // 1.0 may be meant as a number, 0101, +7 and more digits than a number keeps can not
  const cure = /^[+0]\d/.test(written) || !exact ? replacing(at, quoted(written), write) : { write };
  report.error(at, 'YAML_NUMBER', `${written} is read as the number ${value}`, cure);
}

/** `write`: its name in the cure, where that is not the replacement. Without a replacement the characters are composed. */
const CHARACTERS: readonly (readonly [pattern: RegExp, what: string, write?: string, replacement?: string])[] = [
  [/[\u00a0\u202f\u2007]/u, 'a non-breaking space', 'an ordinary space', ' '],
  [/[“”„‟]/u, 'a typographic quote', '"', '"'],
  [/[‘’‚‛]/u, 'a typographic quote', "'", "'"],
  [/.[\u0300-\u036f]/u, 'a letter made of two characters'],
];

/** Typographic quotes around a whole text become quotes of YAML; beside other text they are a part of it, so the text is put in quotes. */
function quotesFix(at: Span, report: Report): readonly Edit[] | undefined {
  const written = report.source.text.slice(at.start, at.end);
  if (written.includes('\n')) return undefined;
  const inner = /^[“”„‟‘’‚‛]([^“”„‟‘’‚‛]*)[“”„‟‘’‚‛]$/.exec(written)?.[1];
  return [{ start: at.start, end: at.end, text: quoted(inner ?? written) }];
}

/** Matches each text that one of the patterns matches. */
const ANY_CHARACTER = /[\u0300-\u036f\u00a0\u202f\u2007“”„‟‘’‚‛]/;

/** Reports misleading characters in a plain scalar. Ignores those in expressions, which have their own check. */
function refuseCharacters(written: string, at: Span, report: Report): void {
  if (!ANY_CHARACTER.test(written)) return;
  // `source` of a folded plain scalar has no line ends, so search in the file
  const outside = report.source.text
    .slice(at.start, at.end)
    .replace(/\$\{\{.*\}\}/s, (expression) => ' '.repeat(expression.length));
  for (const [pattern, what, write, replacement] of CHARACTERS) {
    const match = pattern.exec(outside);
    if (!match) continue;
    const replaced = (character: string) => replacement ?? character.normalize('NFC');
    if (replaced(match[0]) === match[0]) continue;
    const start = at.start + match.index;
    report.error({ start, end: start + match[0].length }, 'YAML_CHARACTER', `${what} stands outside of quotes`, {
      write: `${write ?? replaced(match[0])}, or put the text in quotes`,
      fix: /["']/.test(replacement ?? '')
        ? quotesFix(at, report)
        : [...outside.matchAll(new RegExp(pattern, 'gu'))].map(({ index, 0: found }) => ({
            start: at.start + index,
            end: at.start + index + found.length,
            text: replaced(found),
          })),
    });
  }
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null && node.type === 'PLAIN' && node.source === '';
}

function spanOf(node: unknown): Span {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  return range ? { start: range[0], end: Math.max(range[1], range[0] + 1) } : { start: 0, end: 1 };
}
