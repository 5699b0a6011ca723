import { nearest } from '../../nearest.js';
import { FUNCTION_NAMES } from '../functions/language.js';
import type { ExpressionProblem } from '../problem.js';
import { compileRegex } from '../regex-engine.js';
import type { SourceView } from '../source-view.js';
import type { SyntaxNode } from '../syntax.js';
import { translated } from './roots.js';

/** Names of functions in other languages. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    toUpper: 'uppercase',
    toUpperCase: 'uppercase',
    upper: 'uppercase',
    toLower: 'lowercase',
    toLowerCase: 'lowercase',
    lower: 'lowercase',
    len: 'length',
    size: 'count',
    includes: 'contains',
    substr: 'substring',
    toString: 'string',
    str: 'string',
    stringify: 'string',
    toNumber: 'number',
    parseInt: 'number',
    parseFloat: 'number',
    json: 'parse',
    parseJson: 'parse',
    fromJson: 'parse',
    guid: 'uuid',
    date: 'now',
    base64: 'base64encode',
    sha256: 'hash',
    md5: 'hash',
    isEmpty: 'exists',
  }),
);

/** Aliases whose function returns something else: `$hash` is SHA-256, and `$exists` is the opposite of `isEmpty`. */
const INEXACT = new Set(['md5', 'isEmpty', 'json', 'date']);

/** EXPR_FUNCTION: to JSONata an unknown `$name` is a missing value, so it would fail only when it is called. */
export function checkFunctions(view: SourceView, roots: readonly string[]): readonly ExpressionProblem[] {
  let bound: ReadonlySet<string> | undefined;
  const procedures = new Set(view.nodes.flatMap((node) => node.procedure ?? []));
  return view.nodes.flatMap((node) => {
    if (node.type === 'path' && procedures.has(node)) return withoutDollar(view, node);
    if (node.type !== 'variable') return [];
    const name = String(node.value);
    const token = view.tokenOf(node);
    if (!token || name === '' || name === '$' || name === 'omit' || FUNCTION_NAMES.has(name)) return [];
    bound ??= boundNames(view.nodes);
    if (bound.has(name)) return [];
    return [unknown(view, node, name, procedures.has(node), roots)];
  });
}

/** Returns the offsets of function names without their `$`: they are not references. */
export function procedureStarts(view: SourceView): readonly number[] {
  return view.nodes.flatMap((node) => {
    const procedure = node.procedure?.type === 'path' ? node.procedure : undefined;
    return procedure ? [view.spanOf(procedure).start] : [];
  });
}

function withoutDollar(view: SourceView, node: SyntaxNode): readonly ExpressionProblem[] {
  const names = (node.steps ?? []).map((step) => String(step.value));
  const name = names.at(-1) ?? '';
  const known = FUNCTION_NAMES.has(name) ? name : suggestion(name);
  const message = `a function begins with "$": "${names.join('.')}" is a field`;
  const span = view.spanOf(node);
  const edit = known !== undefined && names.length === 1 && !INEXACT.has(name) ? { ...span, text: `$${known}` } : undefined;
  return [view.problem('EXPR_FUNCTION', 'error', message, span, known && `$${known}`, edit)];
}

function unknown(view: SourceView, node: SyntaxNode, name: string, called: boolean, roots: readonly string[]): ExpressionProblem {
  const span = view.spanOf(node);
  if (name === 'eval') {
    return view.problem(
      'EXPR_FUNCTION',
      'error',
      '$eval is not available: a text of the data must never be run as an expression',
      span,
    );
  }
  const path = pathFrom(view, node);
  if (!called && path && name === 'json') {
    const message = `an expression begins with trigger, steps, vars, env, error, run or a loop's name, not with "$${name}"`;
    return view.problem('EXPR_ROOT', 'error', message, span, translated([name, ...path], roots));
  }
  const near = suggestion(name);
  const list = near === undefined ? ': the reference of expressions lists them' : '';
  const message = called ? `there is no function "$${name}"${list}` : `"$${name}" is neither a function nor bound with ":="`;
  const edit = near !== undefined && !INEXACT.has(name) ? { ...span, text: `$${near}` } : undefined;
  return view.problem('EXPR_FUNCTION', 'error', message, span, near && `$${near}`, edit);
}

/** Returns the names that follow a variable in its path. */
function pathFrom(view: SourceView, variable: SyntaxNode): readonly string[] | undefined {
  const path = view.nodes.find((node) => node.type === 'path' && node.steps?.[0] === variable);
  return path?.steps?.slice(1).map((step) => String(step.value));
}

function suggestion(name: string): string | undefined {
  return ALIASES.get(name) ?? nearest(name, FUNCTION_NAMES);
}

function boundNames(nodes: readonly SyntaxNode[]): ReadonlySet<string> {
  const names = nodes.flatMap((node) => {
    if (node.type === 'bind') return [(node.lhs as SyntaxNode).value];
    if (node.type === 'lambda') return (node.arguments ?? []).map((argument) => argument.value);
    return [node.focus, node.index, ...(node.stages ?? []).map((stage) => stage.value)];
  });
  return new Set(names.filter((name): name is string => typeof name === 'string'));
}

/** EXPR_REGEX: features of regular expressions that RE2 does not support. */
export function checkRegexes(view: SourceView): readonly ExpressionProblem[] {
  return view.nodes.flatMap((node) => {
    if (node.type !== 'regex') return [];
    const expression = node.value as RegExp;
    const message = regexMistake(expression);
    return message === undefined ? [] : [view.problem('EXPR_REGEX', 'error', message, view.spanOf(node))];
  });
}

function regexMistake(expression: RegExp): string | undefined {
  try {
    compileRegex(expression);
    return undefined;
  } catch (error) {
    if (/\(\?<?[=!]/.test(expression.source))
      return 'look-around ((?=…), (?!…), (?<=…), (?<!…)) is not available: it can take seconds on a short text';
    if (/\\(\d|k<)/.test(expression.source))
      return 'back-references (\\1) are not available: they can take seconds on a short text';
    return (error as Error).message;
  }
}
