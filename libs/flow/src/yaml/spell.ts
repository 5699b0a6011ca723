import type { ScalarNode } from './nodes.js';
import type { SourceText } from './source-text.js';

/** Texts that YAML reads as themselves at every place, also in lists and maps in brackets. */
const PLAIN = /^(?:[A-Za-z$_][\w$./-]*|\d+(?:ms|s|m|h|d))$/;
/** Words that YAML reads as other values than texts. */
const VALUES = /^(null|true|false)$/i;

/** Returns the spelling of a text as a YAML scalar in one line: plain when possible, otherwise in single quotes. */
export function scalarText(text: string): string {
  return PLAIN.test(text) && !VALUES.test(text) ? text : quoted(text);
}

/** Puts the text in single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Returns a scalar as it stands in the file, such as `007` for the number 7; undefined when it extends over several lines. */
export function sourceOf({ start, end }: ScalarNode, source: SourceText): string | undefined {
  const text = source.text.slice(start, end);
  return text.includes('\n') ? undefined : text;
}

/**
 * Returns the spelling of a part of a text within its scalar.
 * @returns undefined when the scalar cannot contain the part without being written anew
 */
export function partText(text: string, { style }: ScalarNode): string | undefined {
  if (text.includes('\n')) return undefined;
  if (style === 'single') return text.replaceAll("'", "''");
  if (style === 'double') return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  if (style === 'plain' && /: |:$| #/.test(text)) return undefined;
  return text;
}
