import { nearest } from '../../nearest.js';
import type { ExpressionProblem } from '../parse-text.js';
import type { Pattern, Reference, Span } from '../references.js';
import { asPath, type SourceView } from '../source-view.js';

/** Every root of the language, whether it can be read in a place or not. */
const LANGUAGE_ROOTS = ['trigger', 'steps', 'vars', 'env', 'error', 'run', 'loop'];

/** How other tools call the data of an event, and what hangs on it. */
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

/** Words that name the whole: `msg.payload.x`, `event.data.x`. */
const REDUNDANT = new Set(['payload', 'data', 'body', 'json']);

/** EXPR_ROOT: what an expression begins with must be there. EXPR_INNER_ROOT: in a filter the roots are written with `$$`. */
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
  const message = `here names belong to the item, so "${first}" is looked for in it`;
  return [view.problem('EXPR_INNER_ROOT', 'error', message, span, `$$.${asPath(path)}`)];
}

/** The pattern of a transform begins in the copied value: a path from the roots picks nothing there, and one with `$$` would change the event. */
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
  const message = 'the pattern of a transform picks from a copy of the value on its left, and this path leads out of it';
  const start = outside ? view.source.lastIndexOf('$$', span.start) : span.start;
  return [view.problem('EXPR_INNER_ROOT', 'error', message, { start, end: spans.at(-1)?.end ?? span.end }, write)];
}

function unknownRoot(
  view: SourceView,
  { path }: Reference,
  first: string,
  span: Span,
  roots: readonly string[],
): ExpressionProblem {
  if (LANGUAGE_ROOTS.includes(first)) {
    return view.problem('EXPR_ROOT', 'error', `"${first}" cannot be read here, only ${listed(roots)}`, span);
  }
  const known = "trigger, steps, vars, env, error, run or a loop's name";
  const message = `an expression begins with ${known}, not with "${first}"`;
  return view.problem('EXPR_ROOT', 'error', message, span, translated(path, roots));
}

/** The same path from the right root; undefined where none is near. */
export function translated(path: readonly string[], roots: readonly string[]): string | undefined {
  const [first = '', ...rest] = path;
  const target = TRANSLATIONS.get(first);
  if (target && roots.includes('trigger')) {
    const redundant = target.at(-1) === 'data' && rest.length > 0 && REDUNDANT.has(rest[0] as string) && first !== 'data';
    return asPath([...target, ...(redundant ? rest.slice(1) : rest)]);
  }
  const near = nearest(first, roots);
  return near && asPath([near, ...rest]);
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The names around, when they are joined by dashes without a space: `x-request-id`. */
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

/** True when the token and the one after the next are words with a dash between them. */
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
  // The id of a step has no dash.
  if (before === 'steps.') {
    const id = name.replace(/-+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const message = `"${name}" is a subtraction: the id of a step is written without dashes`;
    return view.problem('EXPR_ROOT', 'error', message, run, `steps.${id}`);
  }
  const message = `"${name}" is a subtraction: a name with a dash stands in backticks`;
  return view.problem('EXPR_ROOT', 'error', message, run, `${before}\`${name}\``);
}

function isPathWord(kind: string | undefined): boolean {
  return kind === 'name' || kind === 'quotedName';
}
