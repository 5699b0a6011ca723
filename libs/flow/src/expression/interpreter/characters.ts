import { allocateText, spend, spendText } from '../budget.js';

const SURROGATE = /[\ud800-\udfff]/;

/** Returns the number of code points: a pair of surrogates counts as one. */
export function lengthOf(text: string): number {
  spendText(text.length);
  if (!SURROGATE.test(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at = after(text, at)) length += 1;
  return length;
}

/** Implements `$substring` as the library does: a negative start counts from the end. */
export function substring(text: string | undefined, start: number, length: number | undefined): string | undefined {
  if (text === undefined) return undefined;
  const total = lengthOf(text);
  const from = total + start < 0 ? 0 : start;
  if (length === undefined) return sliced(text, total, from, total);
  if (length <= 0) return '';
  return sliced(text, total, from, from >= 0 ? from + length : total + from + length);
}

/** Returns the characters that `slice` would return for the list of code points. */
function sliced(text: string, total: number, from: number, to: number): string {
  const [first, end] = [position(from, total), position(to, total)];
  if (first >= end) return '';
  allocateText(end - first);
  if (total === text.length) return text.slice(first, end);
  let at = 0;
  for (let count = 0; count < first; count += 1) at = after(text, at);
  const begin = at;
  for (let count = first; count < end; count += 1) at = after(text, at);
  return text.slice(begin, at);
}

function position(index: number, total: number): number {
  const whole = Math.trunc(index) || 0;
  return whole < 0 ? Math.max(0, total + whole) : Math.min(whole, total);
}

function after(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

/** Implements `$trim`: removes white space at the ends, and replaces each other sequence of white space by one space. */
export function trim(text: string): string {
  spendText(text.length);
  allocateText(text.length);
  let made = '';
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (!isBlank(text, at)) continue;
    let end = at + 1;
    while (end < text.length && isBlank(text, end)) end += 1;
    if (end > at + 1 || text.charAt(at) !== ' ') {
      spend(1);
      made += `${text.slice(from, at)} `;
      from = end;
    }
    at = end - 1;
  }
  made += text.slice(from);
  const begin = made.startsWith(' ') ? 1 : 0;
  return made.slice(begin, made.length > begin && made.endsWith(' ') ? -1 : undefined);
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || code === 9 || code === 10 || code === 13;
}
