import { allocateText, spend } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';
import { asSequence, equal, isNumeric, reserve, stringOf } from '../values.js';

// Operators of two values.

/** Compares sort keys: positive when the first sorts after the second. Missing values sort last. */
export function orderOf(a: unknown, b: unknown, descending: boolean): number {
  if (a === undefined) return b === undefined ? 0 : 1;
  if (b === undefined) return -1;
  if (!isText(a) && typeof a !== 'number') throw badArgument('what "^( )" sorts by is neither a text nor a number');
  if (!isText(b) && typeof b !== 'number') throw badArgument('what "^( )" sorts by is neither a text nor a number');
  if (typeof a !== typeof b) throw badArgument('"^( )" cannot sort texts and numbers together');
  const order = a === b ? 0 : a < b ? -1 : 1;
  return descending ? -order : order;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function operate(operator: string, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '=':
      return left !== undefined && right !== undefined && equal(left, right);
    case '!=':
      return left !== undefined && right !== undefined && !equal(left, right);
    case '&':
      return concat(left, right);
    case 'in':
      return includes(left, right);
    case '..':
      return range(left, right);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(operator, left, right);
    default:
      return reckon(operator, left, right);
  }
}

/** Implements `&`. Charges the text before it is built. */
export function concat(left: unknown, right: unknown): string {
  const [before, after] = [stringOf(left) ?? '', stringOf(right) ?? ''];
  allocateText(before.length + after.length);
  return before + after;
}

function includes(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return false;
  if (!Array.isArray(right)) return left === right;
  spend(right.length);
  return right.includes(left);
}

/** Implements `..`. Charges the list before it is built. */
export function range(left: unknown, right: unknown): unknown {
  if (left !== undefined && !Number.isInteger(left)) throw badArgument('the left side of ".." is not a whole number');
  if (right !== undefined && !Number.isInteger(right)) throw badArgument('the right side of ".." is not a whole number');
  if (left === undefined || right === undefined) return undefined;
  const from = left as number;
  const size = (right as number) - from + 1;
  if (size <= 0) return undefined;
  if (size > LIMITS.entries) throw overLimit(`a range has at most ${LIMITS.entries} entries, but this one has ${size}`);
  reserve(size);
  const numbers: number[] = [];
  for (let index = 0; index < size; index++) numbers.push(from + index);
  return asSequence(numbers);
}

function compare(operator: string, left: unknown, right: unknown): boolean | undefined {
  for (const side of [left, right]) {
    if (side !== undefined && !isText(side) && typeof side !== 'number') {
      throw badArgument(`"${operator}" compares only texts or numbers`);
    }
  }
  if (left === undefined || right === undefined) return undefined;
  if (typeof left !== typeof right) throw badArgument(`"${operator}" cannot compare a text with a number`, NUMBER_CURE);
  const [a, b] = [left as number, right as number];
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
}

const NUMBER_CURE = 'convert a text with $number(…), and add the values of a list with $sum(…)';

function reckon(operator: string, left: unknown, right: unknown): number | undefined {
  if (left !== undefined && !isNumeric(left)) throw badArgument(`the left side of "${operator}" is not a number`, NUMBER_CURE);
  if (right !== undefined && !isNumeric(right)) throw badArgument(`the right side of "${operator}" is not a number`, NUMBER_CURE);
  if (left === undefined || right === undefined) return undefined;
  const [a, b] = [left, right];
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return a % b;
  }
}
