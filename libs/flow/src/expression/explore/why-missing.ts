import { inLatinLetters } from '../../look-alikes.js';
import type { Scope } from '../../model.js';
import { nearest } from '../../nearest.js';
import { kindOf } from '../names.js';
import type { ExpressionPart } from '../parse-text.js';
import type { Reference } from '../references.js';
import { asName, asPath } from '../source-view.js';

/** Maximum names that an explanation lists. */
const MAX_NAMES = 20;
/** Maximum near names that an explanation offers. */
const MAX_NEAR = 3;
/** Maximum items of a list whose names are collected. */
const MAX_ITEMS = 1_000;
/** Maximum values to search for the same name in another place. */
const MAX_SEARCHED = 10_000;
/** Maximum levels to search for the same name in another place. */
const MAX_LEVELS = 6;

/** Why a path has no value. */
export interface MissingPath {
  /** The whole path, such as `trigger.data.customer.inn`. */
  readonly path: string;
  /** The part of the path that has a value, such as `trigger.data.customer`; empty when even the root is absent. */
  readonly found: string;
  /** The first name of the path that is absent. */
  readonly absent: string;
  /** The type of the value of `found`, such as `a list of 3` or `a text`. */
  readonly kind: string;
  /** Names that exist in the place of `absent`, at most 20. */
  readonly names: readonly string[];
  /** Names that were probably meant, the nearest first. */
  readonly near: readonly string[];
  /** The difference to the nearest name, such as `the letter ё`; absent when the names only resemble each other. */
  readonly differs?: string;
  /** Another place that has a value of this name. */
  readonly elsewhere?: string;
  /** The path with the nearest name, or with its other place. */
  readonly write?: string;
}

/** Returns why each path of an expression has no value. Paths whose absence the expression provides for come last. */
export function whyMissing(part: ExpressionPart, scope: Scope): readonly MissingPath[] {
  const found: MissingPath[] = [];
  for (const { path } of outerReferences(part)) {
    const missing = missingIn(path, scope);
    if (missing && !found.some((one) => one.path === missing.path)) found.push(withIndexes(missing, part.source));
  }
  return found;
}

/** Keeps what to write true to a source with indexes or filters, which paths do not have: `lines[0].Q` becomes `lines[0].q`. */
function withIndexes({ write, ...missing }: MissingPath, source: string): MissingPath {
  if (write === undefined || source.includes(missing.path)) return { ...missing, ...(write !== undefined && { write }) };
  const [best] = missing.near;
  const [before, after, ...more] = source.trim().split(`.${asName(missing.absent)}`);
  if (best === undefined || before === undefined || after === undefined || more.length > 0) return missing;
  return { ...missing, write: `${before}.${asName(best)}${after}` };
}

/** The value of a path that an expression reads. */
export interface ReadValue {
  readonly path: string;
  /** Undefined when the path has no value. */
  readonly value: unknown;
}

/** Returns the values of the paths that an expression reads from the roots, without repetitions. */
export function valuesOfPaths(part: ExpressionPart, scope: Scope): readonly ReadValue[] {
  const paths = outerReferences(part).map(({ path }) => path);
  const byText = new Map(paths.map((path) => [asPath(path), path]));
  return [...byText].map(([text, path]) => ({ path: text, value: valueAt(path, scope) }));
}

function outerReferences({ references }: ExpressionPart): readonly Reference[] {
  return references.filter(({ inner }) => !inner).toSorted((a, b) => Number(a.guarded) - Number(b.guarded));
}

/** Returns the value of a path. In a list, the names of its items are meant, as in an expression. */
export function valueAt(path: readonly string[], scope: object): unknown {
  let value: unknown = scope;
  for (const name of path) {
    const next = below(value, name);
    if (next.length === 0) return undefined;
    value = Array.isArray(value) || next.length > 1 ? next : next[0];
  }
  return value;
}

function missingIn(path: readonly string[], scope: Scope): MissingPath | undefined {
  let value: unknown = scope;
  for (const [index, name] of path.entries()) {
    const next = below(value, name);
    if (next.length === 0) return describe(path, index, value, scope);
    value = Array.isArray(value) || next.length > 1 ? next : next[0];
  }
  return undefined;
}

/** Returns the values of a name in an object, or in the objects of a list. */
function below(value: unknown, name: string): unknown[] {
  return objectsOf(value).flatMap((one) => {
    const next = Object.hasOwn(one, name) ? (one as Record<string, unknown>)[name] : undefined;
    return next === undefined ? [] : Array.isArray(value) && Array.isArray(next) ? (next as unknown[]) : [next];
  });
}

function objectsOf(value: unknown): object[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((one): one is object => typeof one === 'object' && one !== null && !Array.isArray(one));
}

function describe(path: readonly string[], index: number, value: unknown, scope: Scope): MissingPath {
  const absent = path[index] ?? '';
  const rest = path.slice(index + 1);
  const names = namesIn(value, index === 0);
  const near = nearNames(absent, names);
  const [best] = near;
  const differs = best === undefined ? undefined : differenceOf(absent, best);
  const elsewhere = best === undefined ? placeOf(absent, scope) : undefined;
  const base = path.slice(0, index);
  const write = best !== undefined ? asPath([...base, best, ...rest]) : elsewhere && asPath([...elsewhere, ...rest]);
  return {
    path: asPath(path),
    found: asPath(base),
    absent,
    kind: kindWithCount(value),
    names: names.slice(0, MAX_NAMES),
    near,
    ...(differs !== undefined && { differs }),
    ...(elsewhere && { elsewhere: asPath(elsewhere) }),
    ...(write !== undefined && { write }),
  };
}

/** Returns the names that a path can continue with at this value. */
export function namesIn(value: unknown, isScope = false): readonly string[] {
  const objects = objectsOf(Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value);
  const names = new Set<string>();
  for (const one of objects) {
    for (const name of Object.keys(one)) {
      if (isScope && name === 'context') continue;
      if ((one as Record<string, unknown>)[name] !== undefined) names.add(name);
    }
  }
  return [...names];
}

function kindWithCount(value: unknown): string {
  if (!Array.isArray(value)) return kindOf(value);
  if (value.length === 0) return 'an empty list';
  const [first] = value as readonly unknown[];
  const items = objectsOf(value).length > 0 ? '' : `, and its first item is ${kindOf(first)}`;
  return `a list of ${value.length}${items}`;
}

/** Returns the names that were probably meant: equal but for case, letters or marks first, then similar ones. */
function nearNames(name: string, names: readonly string[]): readonly string[] {
  const skeleton = skeletonOf(name);
  const near = names.filter((one) => skeletonOf(one) === skeleton);
  let rest = names.filter((one) => !near.includes(one));
  while (near.length < MAX_NEAR) {
    const next = nearest(name, rest);
    if (next === undefined) break;
    near.push(next);
    rest = rest.filter((one) => one !== next);
  }
  return near.slice(0, MAX_NEAR);
}

/** Returns the name without the differences that a reader overlooks: case, ё, look-alike letters, spaces, dashes and underscores. */
function skeletonOf(name: string): string {
  return looksOf(withoutYo(name.normalize('NFC')))
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '');
}

/** Returns the name with each Cyrillic letter that looks like a Latin one in its Latin form. */
function looksOf(name: string): string {
  // the table of look-alikes applies to words with Latin letters
  return Array.from(name, (letter) => inLatinLetters(`a${letter}`)?.slice(1) ?? letter).join('');
}

function withoutYo(name: string): string {
  return name.replaceAll('ё', 'е').replaceAll('Ё', 'Е');
}

function differenceOf(name: string, other: string): string | undefined {
  if (name.toLowerCase() === other.toLowerCase()) return 'upper and lower case';
  if (withoutYo(name).toLowerCase() === withoutYo(other).toLowerCase()) return 'the letters е and ё';
  if (name.normalize('NFC') === other.normalize('NFC')) return 'the encoding of a letter with a mark';
  if (looksOf(name).toLowerCase() === looksOf(other).toLowerCase()) return 'Cyrillic and Latin letters that look alike';
  if (skeletonOf(name) === skeletonOf(other)) return 'spaces, dashes or underscores';
  return undefined;
}

/** Returns the path of the first value with this name in the event and in the outputs of the steps; undefined when there is none. */
function placeOf(name: string, scope: Scope): readonly string[] | undefined {
  const wanted = skeletonOf(name);
  let searched = 0;
  let level: (readonly [path: readonly string[], value: unknown])[] = [
    [['trigger'], scope.trigger],
    [['steps'], scope.steps],
  ];
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth += 1) {
    const next: (typeof level)[number][] = [];
    for (const [path, value] of level) {
      for (const key of namesIn(value)) {
        if (searched++ > MAX_SEARCHED) return undefined;
        if (skeletonOf(key) === wanted) return [...path, key];
        next.push([[...path, key], valueAt([key], value as object)]);
      }
    }
    level = next;
  }
  return undefined;
}

/** Returns the explanation as a sentence. */
export function explainMissing({ path, found, absent, kind, names, near, differs, elsewhere }: MissingPath): string {
  const name = asName(absent);
  const where = found === '' ? 'the scope' : found;
  const has = names.length === 0 ? '' : names.join(', ') + (names.length === MAX_NAMES ? ', …' : '');
  const parts = [`${path} has no value: `];
  if (kind.startsWith('a list')) {
    const items = has === '' ? '' : `; its items have: ${has}`;
    parts.push(`${where} is ${kind}, no item of which has "${name}"${items}`);
  } else if (kind === 'an object') parts.push(`${where} has no "${name}"${has === '' ? ': it is empty' : `; it has: ${has}`}`);
  else parts.push(`${where} is ${kind}`);
  if (differs !== undefined) parts.push(`; "${near[0]}" differs in ${differs}`);
  else if (elsewhere !== undefined) parts.push(`; the name is at ${elsewhere}`);
  return parts.join('');
}
