import type { Scope } from '../../model.js';
import { FUNCTION_NAMES } from '../functions/language.js';
import { asName } from '../source-view.js';
import { namesIn, valueAt } from './why-missing.js';

/** Continuations of an unfinished word. */
export interface Completion {
  /** Whole words that begin with `word`, in alphabetical order. */
  readonly candidates: readonly string[];
  /** The unfinished word at the end of the text. */
  readonly word: string;
}

/** A path at the end of a text: names, some of them in backticks, joined by dots; the last one may be unfinished. */
const PATH =
  /(?:(?:[\p{Letter}_№][\p{Letter}\p{Number}_№]*|`[^`]*`)(?:\[[^\]]*\])?\.)*(?:[\p{Letter}_№][\p{Letter}\p{Number}_№]*|`[^`]*)?$/u;

/** Returns the names of functions and of fields that can continue an expression which ends here. */
export function completeExpression(text: string, scope: Scope): Completion {
  const call = /\$([A-Za-z0-9]*)$/.exec(text);
  if (call)
    return fitting(
      [...FUNCTION_NAMES].map((name) => `$${name}`),
      call[0],
    );
  const path = PATH.exec(text)?.[0] ?? '';
  const names = path.match(/[^.`[]+|`[^`]*`?|\[[^\]]*\]/gu) ?? [];
  const word = path.endsWith('.') || path === '' ? '' : (names.at(-1) ?? '');
  const whole = word === '' ? names : names.slice(0, -1);
  const plain = whole.filter((name) => !name.startsWith('[')).map((name) => name.replaceAll('`', ''));
  const value = plain.length === 0 ? scope : valueAt(plain, scope);
  return fitting(namesIn(value, plain.length === 0).map(asName), word);
}

function fitting(names: readonly string[], word: string): Completion {
  const begun = word.replace(/^`/, '').toLowerCase();
  const candidates = names.filter((name) => name.replace(/^`/, '').toLowerCase().startsWith(begun));
  return { candidates: candidates.toSorted(), word };
}
