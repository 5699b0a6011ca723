import type { FindingCode } from '../codes.js';
import { expressionEnd, opensExpression } from '../expression/index.js';
import { quoted } from './spell.js';

/** A common mistake in one line, which YAML reads differently than the author meant. */
export interface Trap {
  /** Offset in the line. */
  readonly at: number;
  readonly length: number;
  readonly message: string;
  /** Code of the finding; `YAML_QUOTE` when absent. */
  readonly code?: FindingCode;
  /** The corrected line. */
  readonly write?: string;
  /** True for a quote that is not closed in its line. A text may continue in the next line, so it is an error only if YAML reports one. */
  readonly unclosed?: true;
  /** An instruction, where there is no corrected line. */
  readonly do?: string;
}

const LINE = /^(\s*(?:- +)*)(?:((?:'[^']*'|"[^"]*"|[^\s'"#{}[\],&*!|>%@`][^#]*?) *: +))?(\S.*)?$/;

/** Finds a common mistake in a line outside of block scalars; returns undefined when there is no known mistake. */
export function findTrap(line: string): Trap | undefined {
  return strangeIndent(line) ?? noSpace(line) ?? missingQuotes(line);
}

function strangeIndent(line: string): Trap | undefined {
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const at = indent.search(/[^ \t]/);
  if (at < 0) return undefined;
  return {
    at,
    length: 1,
    code: 'YAML_CHARACTER',
    message: 'the indentation contains a special space, perhaps a non-breaking one',
    do: 'indent with ordinary spaces',
  };
}

/** Finds `key:value`, but not addresses such as `http://…`. */
function noSpace(line: string): Trap | undefined {
  const match = /^(\s*(?:- +)*[A-Za-z_]\w*):([^\s:/].*)$/.exec(line);
  const [, key = '', value = ''] = match ?? [];
  if (!match || value.includes(': ')) return undefined;
  return {
    at: key.length,
    length: 1,
    code: 'YAML_SYNTAX',
    message: 'a colon ends a key only if a space follows it',
    write: `${key}: ${value}`,
  };
}

function missingQuotes(line: string): Trap | undefined {
  const match = LINE.exec(line);
  const rest = match?.[3]?.trimEnd();
  if (!match || rest === undefined) return undefined;
  // a comment at the end of the line; a "#" before a brace or a quote may belong to an expression or a text
  const comment = /\s+#[^}'"]*$/.exec(rest)?.[0] ?? '';
  const trap = quotesMissingIn(line, match, rest.slice(0, rest.length - comment.length));
  return trap?.write === undefined || rest.startsWith('{') || rest.startsWith('[')
    ? trap
    : { ...trap, write: trap.write + comment };
}

function quotesMissingIn(line: string, match: RegExpExecArray, value: string): Trap | undefined {
  const before = (match[1] ?? '') + (match[2] ?? '');
  const first = value[0] as string;
  if (first === '{' || first === '[') return inFlow(line, before.length);
  if (first === "'") return inSingleQuotes(before, value);
  if (first === '"') return inDoubleQuotes(before, value);
  if (first === '@' || first === '`') return reserved(before.length, first, before + quoted(value));
  return cutInTwo(before, value);
}

/** Keys of the language whose value is a map. */
const MAPS = [
  'with',
  'trigger',
  'deliver',
  'dedupe',
  'retry',
  'vars',
  'settings',
  'emit',
  'reply',
  'switch',
  'forEach',
  'try',
  'call',
  'raise',
  'stop',
  'pace',
  'headers',
];

function cutInTwo(before: string, value: string): Trap | undefined {
  const colon = /:(?: |$)/.exec(value);
  if (!colon || before.trimEnd().endsWith('-') || before.trim() === '') return undefined;
  const opened = value.indexOf('${{');
  const inner = /^([A-Za-z_]\w*): +(\S.*)$/.exec(value);
  const outer = /([A-Za-z_]\w*) *: +$/.exec(before)?.[1];
  if (inner && outer !== undefined && MAPS.includes(outer)) {
    const [, key = '', rest = ''] = inner;
    return {
      at: before.length + colon.index,
      length: 2,
      code: 'YAML_SYNTAX',
      message: `"${outer}" is a map, but its first key is in the same line`,
      write: `${before}{ ${key}: ${/^[\w./-]+$/.test(rest) ? rest : quoted(rest)} }`,
    };
  }
  const what = opened >= 0 && opened < colon.index ? 'expression' : 'text';
  return {
    at: before.length + colon.index,
    length: 2,
    message: `": " ends a YAML key, so this ${what} was cut in two`,
    write: before + quoted(value),
  };
}

/** Finds expressions and reserved characters without quotes inside of `{ }` and `[ ]`, and corrects all of them. */
function inFlow(line: string, from: number): Trap | undefined {
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
        [at, length, message] = [index, 3, 'an expression inside { } or [ ] must be quoted: YAML reads its braces as a map'];
      corrected += quoted(line.slice(index, end));
      index = end - 1;
    } else if (character === '#' && /\s/.test(line[index - 1] ?? '') && /[\]}]/.test(line.slice(index))) {
      return at < 0
        ? {
            at: index,
            length: 1,
            message: '" #" begins a comment, so the rest of the line was cut off',
            do: 'put the text in quotes',
          }
        : { at, length, message, do: 'put the text in quotes' };
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

function inSingleQuotes(before: string, value: string): Trap | undefined {
  const closing = /^'(?:[^']|'')*'/.exec(value);
  if (!closing) return unclosed(before, value, "'");
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

function inDoubleQuotes(before: string, value: string): Trap | undefined {
  if (!/^"(?:[^"\\]|\\.)*"/.test(value)) return unclosed(before, value, '"');
  const escape = /\\(?![0abefnrtvNLP_ "/\\\txuU])./.exec(value);
  if (!escape || !value.endsWith('"')) return undefined;
  return {
    at: before.length + escape.index,
    length: escape[0].length,
    message: `${escape[0]} is not an escape of a text in double quotes`,
    write: before + quoted(value.slice(1, -1).replaceAll('\\"', '"')),
  };
}

function unclosed(before: string, value: string, quote: string): Trap {
  const write = `${before}${value.trimEnd()}${quote}`;
  return { at: before.length, length: 1, message: 'the quote that opens here is not closed in this line', write, unclosed: true };
}

function reserved(at: number, character: string, write: string): Trap {
  return { at, length: 1, message: reservedMessage(character), write };
}

function reservedMessage(character: string): string {
  return `"${character}" is reserved in YAML: a text that begins with it must be quoted`;
}
