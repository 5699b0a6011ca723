import { allocate, allocateText, spend, spendText } from '../budget.js';
import { badArgument } from '../faults.js';
import { LIMITS } from '../limits.js';
import { asSequence, isFunction, pushTo, reserve, type Sequence, type FunctionCaller } from '../values.js';
import { matchesOf, type Match } from './regex-value.js';

// Functions of JSONata for texts.

export function join(texts: readonly string[] | undefined, separator: string): string | undefined {
  if (texts === undefined) return undefined;
  spend(texts.length);
  let characters = separator.length * Math.max(0, texts.length - 1);
  for (const text of texts) characters += text.length;
  allocateText(characters);
  return texts.join(separator);
}

export function contains(evaluation: FunctionCaller, [text, token]: readonly unknown[]): boolean | undefined {
  if (text === undefined || token === undefined) return undefined;
  spendText((text as string).length);
  if (typeof token === 'string') return (text as string).includes(token);
  for (const _match of matchesOf(evaluation, token, text as string)) return true;
  return false;
}

export function match(evaluation: FunctionCaller, [text, regex, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  const most = countOf('$match', limit);
  const found: Sequence = asSequence([]);
  if (most === 0) return found;
  for (const { match: matched, start, groups } of matchesOf(evaluation, regex, text as string)) {
    allocate(100);
    pushTo(found, { match: matched, index: start, groups });
    if (found.length >= most) break;
  }
  return found;
}

function countOf(name: string, limit: unknown): number {
  if (limit === undefined) return Infinity;
  if ((limit as number) < 0) throw badArgument(`the limit of ${name} must not be negative`);
  return limit as number;
}

export function split(evaluation: FunctionCaller, [text, separator, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  const most = countOf('$split', limit);
  if (most === 0) return [];
  if (typeof separator === 'string') return splitByText(text as string, separator, most);
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of matchesOf(evaluation, separator, text as string)) {
    pushTo(parts, (text as string).slice(from, start));
    from = end;
    if (parts.length >= most) return parts;
  }
  pushTo(parts, (text as string).slice(from));
  return parts;
}

export function splitByText(text: string, separator: string, most: number): readonly string[] {
  spendText(text.length);
  // One more than the maximum of a list, so that `reserve` throws for a list that is too long.
  const parts = text.split(separator, Math.min(Math.floor(most), LIMITS.entries + 1));
  reserve(parts.length);
  allocate(parts.length * 24);
  return parts;
}

export function replace(evaluation: FunctionCaller, [text, pattern, replacement, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  if (pattern === '') throw badArgument('$replace cannot replace the empty text');
  const most = countOf('$replace', limit);
  const source = text as string;
  const parts: string[] = [];
  let from = 0;
  let count = 0;
  const put = (start: number, instead: string): void => {
    spend(1);
    allocateText(start - from + instead.length + 8);
    parts.push(source.slice(from, start), instead);
    count += 1;
  };
  if (typeof pattern === 'string') {
    if (typeof replacement !== 'string') throw badArgument('$replace can replace a text only by a text');
    spendText(source.length);
    for (let at = source.indexOf(pattern); at >= 0 && count < most; at = source.indexOf(pattern, from)) {
      put(at, replacement);
      from = at + pattern.length;
    }
  } else {
    for (const found of most === 0 ? [] : matchesOf(evaluation, pattern, source)) {
      put(
        found.start,
        typeof replacement === 'string' ? substituted(replacement, found) : replacedBy(evaluation, replacement, found),
      );
      from = found.start + found.match.length;
      if (count >= most) break;
    }
  }
  allocateText(source.length - from);
  parts.push(source.slice(from));
  return parts.join('');
}

function replacedBy(evaluation: FunctionCaller, replacement: unknown, found: Match): string {
  const instead = isFunction(replacement) ? evaluation.callback(replacement, [found]) : undefined;
  if (typeof instead !== 'string') throw badArgument('the function of $replace returned something that is not a text');
  return instead;
}

/** Expands a replacement: `$0` is the match, `$1` its first group, `$$` a dollar. The number of groups limits the digits of a reference. */
function substituted(replacement: string, { match: matched, groups }: Match): string {
  spendText(replacement.length);
  const digits = groups.length === 0 ? 1 : Math.floor(Math.log10(groups.length)) + 1;
  let made = '';
  let at = 0;
  for (let dollar = replacement.indexOf('$'); dollar >= 0; dollar = replacement.indexOf('$', at)) {
    made += replacement.slice(at, dollar);
    at = dollar + 1;
    const next = replacement.charAt(at);
    if (next === '$' || next === '0') {
      made += next === '$' ? '$' : matched;
      at += 1;
      continue;
    }
    let group = parseInt(replacement.slice(at, at + digits), 10);
    if (digits > 1 && group > groups.length) group = parseInt(replacement.slice(at, at + digits - 1), 10);
    if (Number.isNaN(group)) {
      made += '$';
      continue;
    }
    const text = groups[group - 1] ?? '';
    allocateText(text.length);
    made += text;
    at += String(group).length;
  }
  return made + replacement.slice(at);
}
