import { spend } from '../budget.js';
import { LIMITS } from '../limits.js';
import {
  asSequence,
  FunctionValue,
  isFunction,
  keysOf,
  pushTo,
  reserve,
  setField,
  truth,
  type Sequence,
  type FunctionCaller,
} from '../values.js';
import { argumentsFor } from './list-functions.js';

// Functions of JSONata for objects.

export function sift(evaluation: FunctionCaller, [object, target]: readonly unknown[]): unknown {
  const kept: Record<string, unknown> = {};
  let count = 0;
  for (const key of fieldsOf(object)) {
    const value = (object as Record<string, unknown>)[key];
    if (!truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, value, key, object)))) continue;
    setField(kept, key, value);
    count += 1;
  }
  return count === 0 ? undefined : kept;
}

export function each(evaluation: FunctionCaller, [object, target]: readonly unknown[]): unknown {
  const results = asSequence([]);
  for (const key of fieldsOf(object)) {
    const value = (object as Record<string, unknown>)[key];
    const result = evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, value, key, object));
    if (result !== undefined) pushTo(results, result);
  }
  return results;
}

function fieldsOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !isFunction(value) ? keysOf(value) : [];
}

export function keys(value: unknown): Sequence {
  const found = new Set<string>();
  collectKeys(value, found);
  return asSequence([...found]);
}

function collectKeys(value: unknown, found: Set<string>): void {
  spend(1);
  if (Array.isArray(value)) for (const item of value) collectKeys(item, found);
  else for (const key of fieldsOf(value)) found.add(key);
  reserve(found.size > LIMITS.entries ? found.size : 0);
}

export function spread(value: unknown): unknown {
  if (!Array.isArray(value) && (typeof value !== 'object' || value === null)) return value;
  if (isFunction(value)) return value;
  const parts = asSequence([]);
  collectParts(value, parts);
  return parts;
}

function collectParts(value: unknown, parts: unknown[]): void {
  spend(1);
  if (Array.isArray(value)) {
    for (const item of value) collectParts(item, parts);
    return;
  }
  if (typeof value !== 'object' || value === null || isFunction(value)) {
    if (value !== undefined) pushTo(parts, value);
    return;
  }
  for (const key of keysOf(value)) {
    const part: Record<string, unknown> = {};
    setField(part, key, (value as Record<string, unknown>)[key]);
    pushTo(parts, part);
  }
}

export function merge(objects: readonly unknown[] | undefined): Record<string, unknown> | undefined {
  if (objects === undefined) return undefined;
  const merged: Record<string, unknown> = {};
  for (const object of objects) {
    spend(1);
    for (const key of fieldsOf(object)) setField(merged, key, (object as Record<string, unknown>)[key]);
  }
  return merged;
}
