import type { Document, YAMLParseError } from 'yaml';
import { lowerFirst } from '../lower-first.js';
import { replacing, type Report } from '../report.js';
import { reportDepth } from './depth.js';
import { findTrap } from './line-traps.js';
import type { SourceText, Span } from './source-text.js';

/**
 * Reports a document that YAML cannot read. Nearly always a quote is missing, so it first searches the lines for known mistakes, and
 * the cure is the corrected line. If there are none, it reports the first message of the parser: the others are consequences of it.
 *
 * @param explained true when the tokens have already shown the cause (such as an alias)
 */
export function reportSyntax(document: Document.Parsed, report: Report, explained: boolean): void {
  const trapped = reportTraps(document, report);
  const [first] = document.errors;
  if (!trapped && !explained && first) reportError(first, report);
}

/** Reports the known mistakes in the lines of a document. Returns true when it has reported one. */
function reportTraps(document: Document.Parsed, report: Report): boolean {
  const quoteMissing = document.errors.some(({ code, message }) => code === 'MISSING_CHAR' && message.includes('quote'));
  let found = false;
  for (const line of plainLines(document, report.source)) {
    const trap = findTrap(line.text);
    if (trap === undefined || (trap.unclosed && !quoteMissing)) continue;
    found = true;
    const start = line.start + trap.at;
    const whole = { start: line.start, end: line.start + line.text.length };
    const cure = trap.write === undefined ? { do: trap.do ?? SYNTAX_CURE } : replacing(whole, trap.write, trap.write.trim());
    report.error({ start, end: start + trap.length }, trap.code ?? 'YAML_QUOTE', trap.message, cure);
  }
  return found;
}

function reportError({ code, message, pos: [start, end] }: YAMLParseError, report: Report): void {
  // the parser has overflowed the stack
  if (code === 'RESOURCE_EXHAUSTION') return reportDepth(report, start);
  const at: Span = { start, end: Math.max(start + 1, report.source.text.slice(0, end).trimEnd().length) };
  if (code === 'TAB_AS_INDENT') {
    report.error(at, 'YAML_SYNTAX', 'a tab cannot indent', { do: 'indent with spaces' });
    return;
  }
  const bracket = /end with a ([\]}])$/.exec(message)?.[1];
  if (bracket !== undefined) {
    const opened = bracket === ']' ? '[' : '{';
    report.error(at, 'YAML_SYNTAX', `a "${opened}" before this place is not closed: "${bracket}" is missing`, {
      do: `add the "${bracket}", or indent the lines between the two brackets`,
    });
    return;
  }
  const cut = cutText(message, at, report.source);
  if (cut) {
    report.error(cut.at, 'YAML_QUOTE', cut.says, { do: cut.do });
    return;
  }
  const uneven = unevenLines(report.source, report.source.location(start).line);
  const isCutByColon = /^(?:Block collections|Nested mappings) are not allowed/.test(message);
  if (uneven) report.error(uneven.at, 'YAML_SYNTAX', uneven.says, { do: 'begin the keys of one map in the same column' });
  else if (isCutByColon)
    report.error(at, 'YAML_QUOTE', '": " ends a YAML key, so this text was cut in two', { do: 'put the whole text in quotes' });
  else
    report.error(at, 'YAML_SYNTAX', lowerFirst(message), {
      do: SYNTAX_CURE,
    });
}

const SYNTAX_CURE = 'check the indentation, the colons and the quotes of this line and of the line above';

/** Explains a message of the parser about a text that quotes end too early, or that needs quotes. */
function cutText(
  message: string,
  at: Span,
  { text }: SourceText,
): { readonly says: string; readonly do: string; readonly at: Span } | undefined {
  const before = text.slice(0, at.start).trimEnd();
  const quote = before.at(-1);
  if (message.startsWith('Unexpected scalar at node end') && (quote === "'" || quote === '"')) {
    const other = quote === '"' ? "'" : '"';
    return {
      at: { start: before.length - 1, end: before.length },
      says: 'this quote ends the text, but more text follows it',
      do: `write ${other} for the quotes inside of the text, or ${other} around the text`,
    };
  }
  if (message.startsWith('Missing closing'))
    return { at, says: 'a quote before this place is not closed', do: 'add the quote at the end of its text' };
  if (message.startsWith('Invalid escape sequence'))
    return { at, says: lowerFirst(message), do: 'put the text in single quotes, which have no escapes' };
  const first = /^Plain value cannot start with .* (\S+)$/.exec(message)?.[1];
  return first === undefined
    ? undefined
    : { at, says: `a text that begins with ${first} must be quoted`, do: 'put it in quotes' };
}

/** Finds two neighbouring lines that begin in nearly the same column: nearly always they were meant to begin in the same column. */
function unevenLines(source: SourceText, line: number): { readonly says: string; readonly at: Span } | undefined {
  const own = columnOfKey(source.line(line));
  for (const other of [line - 1, line + 1]) {
    if (own === undefined || other < 1 || other > source.location(source.text.length).line) continue;
    const text = source.line(other);
    const column = columnOfKey(text);
    // the keys below a key without a value are indented on purpose
    const parent = source.line(Math.min(line, other)).trimEnd().endsWith(':');
    if (column === undefined || column === own || parent || Math.abs(column - own) > SLIP) continue;
    const [upper, lower] = other < line ? [other, line] : [line, other];
    const [upperColumn, lowerColumn] = other < line ? [column, own] : [own, column];
    const start = source.lineStart(lower) + lowerColumn;
    return {
      says: `line ${upper} begins in column ${upperColumn + 1} and line ${lower} in column ${lowerColumn + 1}`,
      at: { start, end: source.lineEnd(lower) },
    };
  }
  return undefined;
}

/** Maximum difference of columns that counts as a mistake. A larger difference is a level of indentation. */
const SLIP = 3;

/** Returns the column of the key that a line begins with, after the dashes of list items. */
function columnOfKey(line: string): number | undefined {
  return /^( *(?:- +)*)[^\s#-][^:]*:(?:\s|$)/.exec(line)?.[1]?.length;
}

interface Line {
  readonly start: number;
  readonly text: string;
}

const BLOCK_HEADER = /(?:^|[:-]) *[>|][-+0-9]*\s*(?:#.*)?$/;

/** Yields the lines of a document outside of block scalars, because block scalars need no quotes. */
function* plainLines(document: Document.Parsed, source: SourceText): Generator<Line> {
  const last = source.location(document.range[2]).line;
  let blockIndent = -1;
  for (let number = source.location(document.range[0]).line; number <= last; number++) {
    const text = source.line(number);
    const indent = text.length - text.trimStart().length;
    if (blockIndent >= 0 && (indent > blockIndent || text.trim() === '')) continue;
    blockIndent = BLOCK_HEADER.test(text) ? indent : -1;
    if (!text.trimStart().startsWith('#')) yield { start: source.lineStart(number), text };
  }
}
