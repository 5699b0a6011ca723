import type { Document } from 'yaml';
import { expressionEnd, opensExpression } from '../expression/index.js';
import type { Report } from '../report.js';
import type { SourceText, Span } from './source-text.js';

/**
 * A document that YAML cannot read. Nearly always a quote is missing, so its lines are searched for the known traps first, and
 * the cure is the corrected line. The parser's own messages are shown only where that finds nothing: after the first they are echoes.
 *
 * @param explained the cause was already found among the tokens (an alias)
 */
export function reportSyntax(document: Document.Parsed, report: Report, explained: boolean): void {
  let found = explained;
  const quoteMissing = document.errors.some(({ code, message }) => code === 'MISSING_CHAR' && message.includes('quote'));
  for (const line of plainLines(document, report.source)) {
    const problem = diagnose(line.text);
    if (problem === undefined || (problem.unclosed && !quoteMissing)) continue;
    found = true;
    const start = line.start + problem.at;
    const cure = problem.write === undefined ? { do: problem.do } : { write: problem.write.trim() };
    report.error({ start, end: start + problem.length }, problem.code ?? 'YAML_QUOTE', problem.message, cure);
  }
  const [first] = document.errors;
  if (found || first === undefined) return;
  const at: Span = { start: first.pos[0], end: first.pos[1] };
  if (first.code === 'TAB_AS_INDENT') {
    report.error(at, 'YAML_SYNTAX', 'a tab cannot indent', { do: 'indent with spaces' });
    return;
  }
  const uneven = unevenLines(report.source, report.source.place(first.pos[0]).line);
  if (uneven) report.error(at, 'YAML_SYNTAX', uneven, { do: 'begin the keys of one map in the same column' });
  else
    report.error(at, 'YAML_SYNTAX', lowerFirst(first.message), {
      do: 'look at the indentation, the colons and the quotes of this line and of the one above',
    });
}

/** A line and a neighbour of it that begin nearly in the same column: nearly always they were to begin in the same one. */
function unevenLines(source: SourceText, line: number): string | undefined {
  const own = columnOfKey(source.line(line));
  for (const other of [line - 1, line + 1]) {
    if (own === undefined || other < 1 || other > source.place(source.text.length).line) continue;
    const text = source.line(other);
    const column = columnOfKey(text);
    // below a key without a value its own keys are indented
    const parent = source.line(Math.min(line, other)).trimEnd().endsWith(':');
    if (column === undefined || column === own || parent || Math.abs(column - own) > SLIP) continue;
    return `line ${line} begins in column ${own + 1} and line ${other} in column ${column + 1}`;
  }
  return undefined;
}

/** More than a slip of the space bar is a level of indentation. */
const SLIP = 3;

/** Of the key that a line begins with, behind the dash of a list. */
function columnOfKey(line: string): number | undefined {
  return /^( *(?:- +)*)[^\s#-][^:]*:(?:\s|$)/.exec(line)?.[1]?.length;
}

interface Problem {
  /** Offset in the line. */
  readonly at: number;
  readonly length: number;
  readonly message: string;
  /** Absent: `YAML_QUOTE`. */
  readonly code?: string;
  /** The corrected line. */
  readonly write?: string;
  /** A text in quotes may go on in the next line: a fault only where YAML misses a quote. */
  readonly unclosed?: true;
  /** Where no line can be given. */
  readonly do?: string;
}

interface Line {
  readonly start: number;
  readonly text: string;
}

const BLOCK_HEADER = /(?:^|[:-]) *[>|][-+0-9]*\s*(?:#.*)?$/;

/** The lines of a document outside of block scalars, where nothing needs quotes. */
function* plainLines(document: Document.Parsed, source: SourceText): Generator<Line> {
  const last = source.place(document.range[2]).line;
  let blockIndent = -1;
  for (let number = source.place(document.range[0]).line; number <= last; number++) {
    const text = source.line(number);
    const indent = text.length - text.trimStart().length;
    if (blockIndent >= 0 && (indent > blockIndent || text.trim() === '')) continue;
    blockIndent = BLOCK_HEADER.test(text) ? indent : -1;
    if (!text.trimStart().startsWith('#')) yield { start: source.lineStart(number), text };
  }
}

const LINE = /^(\s*(?:- +)*)(?:((?:'[^']*'|"[^"]*"|[^\s'"#{}[\],&*!|>%@`][^#]*?) *: +))?(\S.*)?$/;

function diagnose(line: string): Problem | undefined {
  return strangeIndent(line) ?? noSpace(line) ?? missingQuotes(line);
}

function strangeIndent(line: string): Problem | undefined {
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const at = indent.search(/[^ \t]/);
  if (at < 0) return undefined;
  return {
    at,
    length: 1,
    code: 'YAML_CHARACTER',
    message: 'a space that is no ordinary space (a non-breaking one, perhaps) indents',
    do: 'indent with ordinary spaces',
  };
}

/** `key:value`; an address begins so, too. */
function noSpace(line: string): Problem | undefined {
  const match = /^(\s*(?:- +)*[A-Za-z_]\w*):([^\s:/].*)$/.exec(line);
  const [, key = '', value = ''] = match ?? [];
  if (!match || value.includes(': ')) return undefined;
  return {
    at: key.length,
    length: 1,
    code: 'YAML_SYNTAX',
    message: 'a colon ends a key only with a space after it',
    write: `${key}: ${value}`,
  };
}

function missingQuotes(line: string): Problem | undefined {
  const match = LINE.exec(line);
  const value = match?.[3]?.trimEnd();
  if (!match || value === undefined) return undefined;
  const before = (match[1] ?? '') + (match[2] ?? '');
  const first = value[0] as string;
  if (first === '{' || first === '[') return inFlow(line, before.length);
  if (first === "'") return inSingleQuotes(before, value);
  if (first === '"') return inDoubleQuotes(before, value);
  if (first === '@' || first === '`') return reserved(before.length, first, before + quoted(value));
  return cutInTwo(before, value);
}

function cutInTwo(before: string, value: string): Problem | undefined {
  const colon = /:(?: |$)/.exec(value);
  if (!colon || before.trimEnd().endsWith('-') || before.trim() === '') return undefined;
  const opened = value.indexOf('${{');
  const what = opened >= 0 && opened < colon.index ? 'expression' : 'text';
  return {
    at: before.length + colon.index,
    length: 2,
    message: `": " ends a YAML key, so this ${what} was cut in two`,
    write: before + quoted(value),
  };
}

/** Inside of `{ }` and `[ ]`: expressions and reserved characters without quotes. All of them are put right at once. */
function inFlow(line: string, from: number): Problem | undefined {
  let at = -1;
  let message = '';
  let length = 1;
  let corrected = line.slice(0, from);
  let quote = '';
  for (let index = from; index < line.length; index++) {
    const character = line[index] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
      corrected += character;
    } else if ((character === '"' || character === "'") && /[\s{[,:]/.test(line[index - 1] ?? ' ')) {
      quote = character;
      corrected += character;
    } else if (line.startsWith('${{', index)) {
      const end = index + (expressionEnd(line.slice(index)) ?? line.slice(index).length);
      if (at < 0)
        [at, length, message] = [index, 3, 'an expression inside { } or [ ] must be quoted: YAML takes its braces for its own'];
      corrected += quoted(line.slice(index, end));
      index = end - 1;
    } else if ((character === '@' || character === '`') && /[\s{[,]/.test(line[index - 1] ?? ' ')) {
      const word = /^[^,\]}\s]+/.exec(line.slice(index))?.[0] ?? character;
      if (at < 0) [at, message] = [index, reservedMessage(character)];
      corrected += quoted(word);
      index += word.length - 1;
    } else {
      corrected += character;
    }
  }
  return at < 0 ? undefined : { at, length, message, write: corrected };
}

function inSingleQuotes(before: string, value: string): Problem | undefined {
  const closing = /^'(?:[^']|'')*'/.exec(value);
  if (!closing) {
    const write = `${before}${value.trimEnd()}'`;
    return {
      at: before.length,
      length: 1,
      message: 'the quote that opens here is not closed in this line',
      write,
      unclosed: true,
    };
  }
  if (closing[0].length === value.length || !opensExpression(value) || !value.endsWith("'")) return undefined;
  const inner = value.slice(1, -1);
  const write = inner.includes('"') ? quoted(inner) : `'${inner.replaceAll("'", '"')}'`;
  return {
    at: before.length + closing[0].length - 1,
    length: 1,
    message: 'this quote ends the text, so the expression was cut in two',
    write: before + write,
  };
}

function inDoubleQuotes(before: string, value: string): Problem | undefined {
  if (!/^"(?:[^"\\]|\\.)*"/.test(value)) {
    const write = `${before}${value.trimEnd()}"`;
    return {
      at: before.length,
      length: 1,
      message: 'the quote that opens here is not closed in this line',
      write,
      unclosed: true,
    };
  }
  const escape = /\\(?![0abefnrtvNLP_ "/\\\txuU])./.exec(value);
  if (!escape || !value.endsWith('"')) return undefined;
  return {
    at: before.length + escape.index,
    length: escape[0].length,
    message: `${escape[0]} is no escape of a text in double quotes`,
    write: before + quoted(value.slice(1, -1).replaceAll('\\"', '"')),
  };
}

function reserved(at: number, character: string, write: string): Problem {
  return { at, length: 1, message: reservedMessage(character), write };
}

function reservedMessage(character: string): string {
  return `"${character}" is reserved in YAML: a text that begins with it must be quoted`;
}

/** As a text in single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
