import { nearest } from '../../nearest.js';
import type { ExpressionProblem } from '../problem.js';
import type { Pattern, Reference, Span } from '../references.js';
import { asPath, type SourceView } from '../source-view.js';

/** All roots of the language, also those that cannot be read at a given place. */
const LANGUAGE_ROOTS = ['trigger', 'steps', 'vars', 'env', 'error', 'run', 'loop'];

/** Names of other tools for the data of an event and its metadata. */
const TRANSLATIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['payload', ['trigger', 'data']],
  ['data', ['trigger', 'data']],
  ['body', ['trigger', 'data']],
  ['json', ['trigger', 'data']],
  ['msg', ['trigger', 'data']],
  ['message', ['trigger', 'data']],
  ['input', ['trigger', 'data']],
  ['event', ['trigger']],
  ['meta', ['trigger', 'meta']],
  ['headers', ['trigger', 'meta', 'headers']],
  ['query', ['trigger', 'meta', 'query']],
  ['params', ['trigger', 'meta', 'params']],
]);

/** Redundant names for the whole data: `msg.payload.x`, `event.data.x`. */
const REDUNDANT = new Set(['payload', 'data', 'body', 'json']);

/** EXPR_ROOT: an expression must begin with a known root. EXPR_INNER_ROOT: in a filter the roots are written with `$$`. */
export function checkRoots(
  view: SourceView,
  roots: readonly string[],
  except: ReadonlySet<number>,
): readonly ExpressionProblem[] {
  const dashed = new Set<number>();
  return view.references.flatMap((reference) => {
    const [first] = reference.path;
    const [span] = reference.spans;
    if (first === undefined || !span || except.has(span.start)) return [];
    const { pattern } = reference;
    if (pattern && (pattern.outside || reference.inner)) return leadsOut(view, reference, pattern, roots);
    if (reference.inner) return innerRoot(view, reference, roots);
    if (roots.includes(first)) return [];
    const run = dashedRun(view, span);
    if (!run) return [unknownRoot(view, reference, first, span, roots)];
    if (dashed.has(run.start)) return [];
    dashed.add(run.start);
    return [subtraction(view, run)];
  });
}

function innerRoot(view: SourceView, { path, spans }: Reference, roots: readonly string[]): readonly ExpressionProblem[] {
  const [first] = path;
  const [span] = spans;
  if (first === undefined || !span || path.length < 2 || !roots.includes(first)) return [];
  const message = `names here belong to the item, so JSONata searches "${first}" in the item`;
  const fromRoots = { start: span.start, end: span.start, text: '$$.' };
  return [view.problem('EXPR_INNER_ROOT', 'error', message, span, `$$.${asPath(path)}`, fromRoots)];
}

/**
 * Reports a path that leads out of a transform's pattern. The pattern begins in the copied value: a path from the roots selects nothing
 * there, and a path with `$$` would change the event.
 */
function leadsOut(
  view: SourceView,
  { path, spans }: Reference,
  { of, outside }: Pattern,
  roots: readonly string[],
): readonly ExpressionProblem[] {
  const [first = ''] = path;
  const [span] = spans;
  if (!span || (!outside && (path.length < 2 || !roots.includes(first)))) return [];
  const relative = of?.every((name, index) => name === path[index]) ? path.slice(of.length) : undefined;
  const write = relative && (relative.length === 0 ? '$' : asPath(relative));
  const message = 'the pattern of a transform selects parts of a copy of the value on its left, but this path leads out of it';
  const start = outside ? view.source.lastIndexOf('$$', span.start) : span.start;
  const whole = { start, end: spans.at(-1)?.end ?? span.end };
  const edit =
    write === undefined || !isPlain(view, { start: span.start, end: whole.end }) ? undefined : { ...whole, text: write };
  return [view.problem('EXPR_INNER_ROOT', 'error', message, whole, write, edit)];
}

function unknownRoot(
  view: SourceView,
  { path, spans }: Reference,
  first: string,
  span: Span,
  roots: readonly string[],
): ExpressionProblem {
  if (LANGUAGE_ROOTS.includes(first)) {
    return view.problem('EXPR_ROOT', 'error', `"${first}" cannot be read here, only ${listed(roots)}`, span);
  }
  const known = "trigger, steps, vars, env, error, run or a loop's name";
  const message = `an expression begins with ${known}, not with "${first}"`;
  const { names, count } = translation(path, roots) ?? {};
  const replaced = { start: span.start, end: spans[(count ?? 1) - 1]?.end ?? span.end };
  const edit = names && isPlain(view, replaced) ? { ...replaced, text: asPath(names) } : undefined;
  return view.problem('EXPR_ROOT', 'error', message, span, translated(path, roots), edit);
}

/** Returns the same path from the correct root; undefined when no root is near. */
export function translated(path: readonly string[], roots: readonly string[]): string | undefined {
  const found = translation(path, roots);
  return found && asPath([...found.names, ...path.slice(found.count)]);
}

interface Translation {
  /** The names to write instead. */
  readonly names: readonly string[];
  /** How many names of the path they replace. */
  readonly count: number;
}

function translation([first = '', second]: readonly string[], roots: readonly string[]): Translation | undefined {
  const target = TRANSLATIONS.get(first);
  if (target && roots.includes('trigger')) {
    const isRedundant = target.at(-1) === 'data' && second !== undefined && REDUNDANT.has(second) && first !== 'data';
    return { names: target, count: isRedundant ? 2 : 1 };
  }
  const near = nearest(first, roots);
  return near === undefined ? undefined : { names: [near], count: 1 };
}

/** Returns whether a part of the expression is only names and dots, without filters and brackets between them. */
function isPlain(view: SourceView, { start, end }: Span): boolean {
  return !/[[\](){}]/.test(view.source.slice(start, end));
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Returns the span of names that are joined by dashes without spaces: `x-request-id`. */
function dashedRun(view: SourceView, span: Span): Span | undefined {
  const { tokens } = view;
  const at = view.indexOfToken(span.start);
  let first = at;
  while (joined(view, first - 2)) first -= 2;
  let last = at;
  while (joined(view, last)) last += 2;
  const [from, to] = [tokens[first], tokens[last]];
  return first < last && from && to ? { start: from.start, end: to.end } : undefined;
}

/** Returns whether the token and the next but one are words with a dash between them. */
function joined(view: SourceView, index: number): boolean {
  const [left, dash, right] = [view.tokens[index], view.tokens[index + 1], view.tokens[index + 2]];
  if (!left || !dash || !right || dash.text !== '-') return false;
  return isWord(left.kind) && isWord(right.kind) && left.end === dash.start && dash.end === right.start;
}

function isWord(kind: string): boolean {
  return kind === 'name' || kind === 'number';
}

function subtraction(view: SourceView, run: Span): ExpressionProblem {
  const name = view.source.slice(run.start, run.end);
  let first = view.indexOfToken(run.start);
  while (view.tokens[first - 1]?.text === '.' && isPathWord(view.tokens[first - 2]?.kind)) first -= 2;
  const before = view.source.slice(view.tokens[first]?.start, run.start);
  // The id of a step cannot contain a dash, so backticks would not help.
  if (before === 'steps.') {
    const id = name.replace(/-+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const message = `"${name}" is a subtraction: the id of a step is written without dashes`;
    return view.problem('EXPR_ROOT', 'error', message, run, `steps.${id}`, { ...run, text: id });
  }
  const message = `"${name}" is a subtraction: a name with a dash must be in backticks`;
  return view.problem('EXPR_ROOT', 'error', message, run, `${before}\`${name}\``, { ...run, text: `\`${name}\`` });
}

function isPathWord(kind: string | undefined): boolean {
  return kind === 'name' || kind === 'quotedName';
}
