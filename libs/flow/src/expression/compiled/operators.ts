import { spend } from '../budget.js';
import { concat } from '../interpreter/operators.js';
import { equal, isNumeric } from '../values.js';
import { bail } from './bail.js';

export type Operator = (left: unknown, right: unknown) => unknown;

/** Operators that always evaluate both operands. Excludes `and` and `or`. */
export const OPERATORS: ReadonlyMap<unknown, Operator> = new Map<unknown, Operator>([
  ['=', (left, right) => left !== undefined && right !== undefined && equal(left, right)],
  ['!=', (left, right) => left !== undefined && right !== undefined && !equal(left, right)],
  ['<', comparison((left, right) => left < right)],
  ['<=', comparison((left, right) => left <= right)],
  ['>', comparison((left, right) => left > right)],
  ['>=', comparison((left, right) => left >= right)],
  ['+', arithmetic((left, right) => left + right)],
  ['-', arithmetic((left, right) => left - right)],
  ['*', arithmetic((left, right) => left * right)],
  ['/', arithmetic((left, right) => left / right)],
  ['%', arithmetic((left, right) => left % right)],
  ['&', concat],
  ['in', includes],
]);

function arithmetic(operate: (left: number, right: number) => number): Operator {
  return (left, right) => {
    if (left !== undefined && !isNumeric(left)) bail();
    if (right !== undefined && !isNumeric(right)) bail();
    return left === undefined || right === undefined ? undefined : operate(left, right);
  };
}

function comparison(compare: (left: string | number, right: string | number) => boolean): Operator {
  return (left, right) => {
    if (typeof left === 'string' && typeof right === 'string') return compare(left, right);
    if (typeof left === 'number' && typeof right === 'number') return compare(left, right);
    if (!isComparable(left) || !isComparable(right)) bail();
    return left === undefined || right === undefined ? undefined : bail();
  };
}

function isComparable(value: unknown): boolean {
  return value === undefined || typeof value === 'string' || typeof value === 'number';
}

function includes(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return false;
  if (!Array.isArray(right)) return left === right;
  spend(right.length);
  return right.some((item) => item === left);
}
