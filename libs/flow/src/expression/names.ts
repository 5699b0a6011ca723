import type { Scope } from '../model.js';
import type { ExpressionPart } from './parse-text.js';

const NAMES_SHOWN = 20;

/** Explains a missing value: "trigger.data.customer.inn has no value (customer has: name, phone)". */
export function describeMissing(part: ExpressionPart, scope: Scope): string {
  const source = part.source.trim().replace(/\s+/g, ' ');
  // References with an alternative come last, because their absence is provided for.
  for (const { path, inner } of part.references.toSorted((a, b) => Number(a.guarded) - Number(b.guarded))) {
    const lack = inner ? undefined : firstLack(path, scope);
    if (lack) return `${source} has no value (${lack})`;
  }
  return `${source} has no value`;
}

/** Describes the value at which the path ends too early; returns undefined when the path has a value. */
function firstLack(path: readonly string[], scope: Scope): string | undefined {
  let value: unknown = scope;
  let name = 'the flow';
  for (const word of path) {
    if (Array.isArray(value)) return value.length === 0 ? `${name} is an empty list` : undefined;
    if (value === null || typeof value !== 'object') return `${name} is ${kindOf(value)}`;
    if (!Object.hasOwn(value, word)) return `${name} has${namesOf(value)}`;
    const next = (value as Record<string, unknown>)[word];
    if (next === undefined) return `${name} has${namesOf(value)}`;
    value = next;
    name = word;
  }
  return undefined;
}

function namesOf(value: object): string {
  const names = Object.keys(value).filter((name) => (value as Record<string, unknown>)[name] !== undefined && name !== 'context');
  if (names.length === 0) return ' nothing';
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return `: ${shown}${names.length > NAMES_SHOWN ? ', …' : ''}`;
}

/** Describes the type of a value for a person. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    boolean: 'true or false',
    function: 'a function',
  };
  return names[typeof value] ?? 'an object';
}
