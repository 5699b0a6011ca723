import { allocate, allocateText, spend } from '../budget.js';
import { badArgument } from '../faults.js';
import {
  asSequence,
  FunctionValue,
  isFunction,
  isNumeric,
  keysOf,
  pushAll,
  pushTo,
  reserve,
  truth,
  type Sequence,
  type FunctionCaller,
} from '../values.js';
import { mergeSort } from './sort.js';

// Functions of JSONata for lists.

/** Returns as many arguments as the function has parameters: the value, its index or key, the whole list or object. */
export function argumentsFor(target: FunctionValue, ...all: readonly unknown[]): readonly unknown[] {
  return all.slice(0, Math.max(1, target.arity));
}

export function best(numbers: readonly number[] | undefined, choose: (a: number, b: number) => number): number | undefined {
  if (numbers === undefined || numbers.length === 0) return undefined;
  spend(numbers.length);
  return numbers.reduce((a, b) => choose(a, b));
}

export function map(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const results = asSequence([]);
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    const result = evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list));
    if (result !== undefined) pushTo(results, result);
  }
  return results;
}

export function filter(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const results = asSequence([]);
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    if (truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list)))) {
      pushTo(results, item);
    }
  }
  return results;
}

export function single(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const found: unknown[] = [];
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    spend(1);
    const fits =
      target === undefined ||
      truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list)));
    if (fits && found.push(item) > 1) break;
  }
  if (found.length !== 1) throw badArgument(`$single needs exactly one match, but found ${found.length === 0 ? 'none' : 'more'}`);
  return found[0];
}

export function reduce(evaluation: FunctionCaller, [list, given, init]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const target = given as FunctionValue;
  if (target.arity < 2) throw badArgument('the function of $reduce must have at least two parameters');
  const items = list as readonly unknown[];
  const bare = init === undefined && items.length > 0;
  let result = bare ? items[0] : init;
  for (let index = bare ? 1 : 0; index < items.length; index += 1) {
    result = evaluation.callback(target, [result, items[index], index, items].slice(0, target.arity));
  }
  return result;
}

export function zip(_evaluation: FunctionCaller, lists: readonly unknown[]): unknown {
  const shortest = lists.reduce<number>((least, list) => Math.min(least, Array.isArray(list) ? list.length : 0), Infinity);
  if (!Number.isFinite(shortest)) return [];
  reserve(shortest);
  const rows: unknown[] = [];
  for (let index = 0; index < shortest; index += 1) {
    spend(2 * lists.length);
    allocate(32 + 8 * lists.length);
    rows.push(lists.map((list) => (list as readonly unknown[])[index]));
  }
  return rows;
}

export function append(first: unknown, second: unknown): unknown {
  if (first === undefined) return second;
  if (second === undefined) return first;
  const list: unknown[] = [];
  for (const side of [first, second]) {
    if (Array.isArray(side)) pushAll(list, side);
    else pushTo(list, side);
  }
  return list;
}

export function reverse(list: readonly unknown[] | undefined): unknown {
  if (list === undefined || list.length <= 1) return list;
  spend(list.length);
  allocate(list.length * 8);
  return list.toReversed();
}

export function shuffle(list: readonly unknown[] | undefined): unknown {
  if (list === undefined || list.length <= 1) return list;
  spend(list.length);
  allocate(list.length * 8);
  const shuffled = [...list];
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]];
  }
  return shuffled;
}

export function sort(evaluation: FunctionCaller, [list, comparator]: readonly unknown[]): unknown {
  if (list === undefined || (list as readonly unknown[]).length <= 1) return list;
  const items = list as readonly unknown[];
  if (isFunction(comparator)) return mergeSort(items, (a, b) => truth(evaluation.callback(comparator, [a, b])) === true);
  spend(items.length);
  if (items.every(isNumeric)) return mergeSort(items, (a, b) => a > b);
  if (items.every((item) => typeof item === 'string')) return mergeSort(items, (a, b) => a > b);
  throw badArgument('$sort without a function sorts only texts or only numbers');
}

/** Returns the values of a list without duplicates. Compares values by a text that is the same for equal values. */
export function distinct(value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= 1) return value;
  const list = value as Sequence;
  const primitives = new Set<unknown>();
  const objects = new Set<string>();
  const kept: Sequence = list.sequence ? asSequence([]) : [];
  for (const item of list) {
    spend(1);
    const isObject = typeof item === 'object' && item !== null && !isFunction(item);
    const [known, key] = isObject ? [objects as Set<unknown>, canonical(item)] : [primitives, item];
    if (known.has(key)) continue;
    allocate(40);
    known.add(key);
    pushTo(kept, item);
  }
  return kept;
}

/** Returns a text that is the same for equal values only: JSON with sorted fields. */
function canonical(value: unknown): string {
  if (typeof value === 'string') {
    allocateText(value.length + 2);
    return JSON.stringify(value);
  }
  spend(1);
  allocate(8);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isFunction(value)) throw badArgument('$distinct cannot compare functions inside of values');
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = keysOf(value)
    .toSorted()
    .map((key) => `${canonical(key)}:${canonical((value as Record<string, unknown>)[key])}`);
  return `{${fields.join(',')}}`;
}
