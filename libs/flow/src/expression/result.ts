import { spend } from './budget.js';
import { ExpressionFault, overLimit } from './faults.js';
import { LIMITS } from './limits.js';
import { OMIT } from './omit.js';
import { isFunction } from './values.js';

/**
 * Converts the result of an expression to data: leaves `$omit` out and makes lists of JSONata plain. Parts that need no change remain
 * the same objects. Throws `EXPR_VALUE` for functions, NaN and Infinity, and `EXPR_LIMIT` for a result that is too large.
 */
export function toData(value: unknown): unknown {
  return new Cleaner().clean(value, 0);
}

/** Converts a result that can only be unchanged data or a list of it. Does not visit or copy the data. */
export function passedOn(value: unknown): unknown {
  if (typeof value === 'number') return finite(value);
  if (Array.isArray(value) && Object.hasOwn(value, 'sequence')) return value.slice();
  return value;
}

/** Converts a result that can only be a text, a number, true or false. */
export function scalarResult(value: unknown): unknown {
  if (typeof value === 'number') return finite(value);
  if (typeof value === 'string' && value.length * 3 > LIMITS.resultBytes) return toData(value);
  return value;
}

class Cleaner {
  private bytes = 0;

  clean(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.measured(value, Buffer.byteLength(value));
    if (typeof value === 'number') return this.measured(finite(value), 8);
    if (isFunction(value)) throw notData('a function');
    if (typeof value !== 'object' || value === null || value === OMIT) return this.measured(value, 4);
    if (depth > LIMITS.depth) throw overLimit(`the result is nested deeper than ${LIMITS.depth} levels`);
    this.measured(value, 2);
    return Array.isArray(value) ? this.list(value, depth) : this.object(value as Record<string, unknown>, depth);
  }

  private measured<Value>(value: Value, bytes: number): Value {
    this.bytes += bytes;
    spend(1);
    if (this.bytes > LIMITS.resultBytes) throw overLimit('the result is larger than 4 MiB');
    return value;
  }

  private list(list: readonly unknown[], depth: number): unknown {
    const cleaned = list.map((item) => this.clean(item, depth + 1));
    const plain = !Object.hasOwn(list, 'sequence') && !Object.hasOwn(list, 'cons');
    if (plain && cleaned.every((item, index) => item === list[index] && item !== OMIT)) return list;
    return cleaned.filter((item) => item !== OMIT);
  }

  private object(object: Record<string, unknown>, depth: number): unknown {
    let changed = Object.getPrototypeOf(object) === null;
    const cleaned: [string, unknown][] = [];
    for (const key of Object.keys(object)) {
      const before = object[key];
      this.measured(key, Buffer.byteLength(key) + 4);
      const after = this.clean(before, depth + 1);
      changed ||= after !== before || after === OMIT;
      if (after !== OMIT) cleaned.push([key, after]);
    }
    // fromEntries defines own properties, so that `__proto__` is an ordinary key.
    return changed ? Object.fromEntries(cleaned) : object;
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw notData(String(value));
  return value;
}

function notData(what: string): ExpressionFault {
  return new ExpressionFault('EXPR_VALUE', `the value of the expression is ${what}, which is not data`);
}
