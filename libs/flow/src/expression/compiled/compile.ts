import { OMIT } from '../omit.js';
import { coalesced, isCoalesce, type FilterNode, type SyntaxNode, type SyntaxPair } from '../syntax.js';
import { SYNC_FUNCTIONS } from './functions.js';
import { range } from '../interpreter/operators.js';
import { OPERATORS } from './operators.js';
import { compileFilter, compilePath, type Closure } from './path.js';
import { isNumeric, isTrue, pushAll, pushTo, setField, unwrapped } from '../values.js';
import { bail } from './bail.js';

/**
 * Compiles an expression of the compiled subset to a closure; returns undefined for other expressions, which the interpreter evaluates.
 * A closure either returns the same result as the interpreter, or bails.
 *
 * @param root true when names are roots of the scope; otherwise they are fields of the context value
 */
export function compileNode(node: SyntaxNode, root: boolean): Closure | undefined {
  if (node.consarray || (node.type !== 'path' && (node.keepArray || node.group))) return undefined;
  const closure = compileKind(node, root);
  return closure && node.predicate ? withPredicates(closure, node.predicate) : closure;
}

function withPredicates(closure: Closure, predicates: readonly FilterNode[]): Closure | undefined {
  const filters = compileAll(predicates.map((predicate) => compileFilter(predicate, compileNode)));
  if (!filters) return undefined;
  return (input, scope) => unwrapped(filters.reduce<unknown>((value, filter) => filter(value, scope), closure(input, scope)));
}

function compileKind(node: SyntaxNode, root: boolean): Closure | undefined {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'value':
      return literal(node.value);
    case 'path':
      return compilePath(node, root, compileNode);
    case 'variable':
      return compileVariable(node, root);
    case 'binary':
      return compileBinary(node, root);
    case 'unary':
      return compileUnary(node, root);
    case 'condition':
      return compileCondition(node, root);
    case 'block':
      return compileBlock(node, root);
    case 'function':
      return compileCall(node, root);
    default:
      return undefined;
  }
}

function literal(value: unknown): Closure {
  return () => value;
}

function compileVariable(node: SyntaxNode, root: boolean): Closure | undefined {
  if (node.value === 'omit') return () => OMIT;
  // The scope itself is not a value, because it contains more than the roots.
  return node.value === '' && !root ? (input) => input : undefined;
}

function compileBinary(node: SyntaxNode, root: boolean): Closure | undefined {
  const left = compileNode(node.lhs as SyntaxNode, root);
  const right = node.rhs && compileNode(node.rhs, root);
  if (!left || !right) return undefined;
  if (node.value === 'and') return (input, scope) => isTrue(left(input, scope)) && isTrue(right(input, scope));
  if (node.value === 'or') return (input, scope) => isTrue(left(input, scope)) || isTrue(right(input, scope));
  const operate = OPERATORS.get(node.value);
  return operate && ((input, scope) => operate(left(input, scope), right(input, scope)));
}

function compileUnary(node: SyntaxNode, root: boolean): Closure | undefined {
  if (node.value === '[') return compileList(node.expressions ?? [], root);
  if (node.value === '{') return compileObject(node.lhs as readonly SyntaxPair[], root);
  const operand = node.value === '-' && node.expression && compileNode(node.expression, root);
  if (!operand) return undefined;
  return (input, scope) => {
    const value = operand(input, scope);
    if (value === undefined) return undefined;
    return isNumeric(value) ? -value : bail();
  };
}

/** Compiles `[…]`. Values that are lists are flattened, except those written as `[…]` themselves. */
function compileList(items: readonly SyntaxNode[], root: boolean): Closure | undefined {
  const closures = compileAll(items.map((item) => compileRange(item, root) ?? compileNode(item, root)));
  if (!closures) return undefined;
  const nested = items.map((item) => item.value === '[');
  return (input, scope) => {
    const list: unknown[] = [];
    closures.forEach((closure, index) => {
      const value = closure(input, scope);
      if (Array.isArray(value) && !nested[index]) pushAll(list, value);
      else if (value !== undefined) pushTo(list, value);
    });
    return list;
  };
}

/** Compiles a range, which has a meaning as an item of `[…]` only. */
function compileRange(node: SyntaxNode, root: boolean): Closure | undefined {
  if (node.type !== 'binary' || node.value !== '..' || node.predicate || node.keepArray || node.consarray || node.group)
    return undefined;
  const left = compileNode(node.lhs as SyntaxNode, root);
  const right = node.rhs && compileNode(node.rhs, root);
  return left && right && ((input, scope) => range(left(input, scope), right(input, scope)));
}

function compileObject(pairs: readonly SyntaxPair[], root: boolean): Closure | undefined {
  const keys = compileAll(pairs.map(([key]) => compileNode(key, root)));
  const values = compileAll(pairs.map(([, value]) => compileNode(value, root)));
  if (!keys || !values) return undefined;
  const names = pairs.map(([key]) => (key.type === 'string' && !key.predicate ? String(key.value) : undefined));
  if (names.every(isFieldName) && new Set(names).size === names.length) return compileFields(names, values);
  return (input, scope) => {
    // For a list JSONata groups the items, which only the interpreter does.
    if (Array.isArray(input)) bail();
    const made: Record<string, unknown> = {};
    const seen = new Set<string>();
    keys.forEach((keyOf, index) => {
      const key = keyOf(input, scope);
      if (key === undefined) return;
      if (typeof key !== 'string' || seen.has(key)) bail();
      seen.add(key);
      const value = values[index]?.(input, scope);
      if (value !== undefined) setField(made, key, value);
    });
    return made;
  };
}

function isFieldName(name: string | undefined): name is string {
  return name !== undefined;
}

/** Compiles the common form of an object, with literal keys. */
function compileFields(names: readonly string[], values: readonly Closure[]): Closure {
  return (input, scope) => {
    if (Array.isArray(input)) bail();
    const made: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index += 1) {
      const value = (values[index] as Closure)(input, scope);
      if (value !== undefined) setField(made, names[index] as string, value);
    }
    return made;
  };
}

function compileCondition(node: SyntaxNode, root: boolean): Closure | undefined {
  const otherwise = node.else ? compileNode(node.else, root) : literal(undefined);
  const then = node.then && compileNode(node.then, root);
  if (!otherwise || !then) return undefined;
  if (coalesced(node)) {
    const keeps = isCoalesce(node) ? (value: unknown) => value !== undefined : isTrue;
    return (input, scope) => {
      const value = then(input, scope);
      return keeps(value) ? value : otherwise(input, scope);
    };
  }
  const condition = node.condition && compileNode(node.condition, root);
  return condition && ((input, scope) => (isTrue(condition(input, scope)) ? then(input, scope) : otherwise(input, scope)));
}

function compileBlock(node: SyntaxNode, root: boolean): Closure | undefined {
  const [only, ...rest] = compileAll((node.expressions ?? []).map((each) => compileNode(each, root))) ?? [];
  // Several expressions in a block are useful only with variables, which only the interpreter binds.
  return rest.length === 0 ? only : undefined;
}

function compileCall(node: SyntaxNode, root: boolean): Closure | undefined {
  const target = node.procedure?.type === 'variable' ? SYNC_FUNCTIONS.get(String(node.procedure.value)) : undefined;
  const given = compileAll((node.arguments ?? []).map((each) => compileNode(each, root)));
  if (!target || !given || given.length < target.min || given.length > target.max) return undefined;
  const { call } = target;
  const [a = literal(undefined), b, c] = given;
  if (!b) return (input, scope) => call(scope.context, a(input, scope), undefined, undefined);
  return (input, scope) => call(scope.context, a(input, scope), b(input, scope), c?.(input, scope));
}

/** Returns the items when all of them are compiled, otherwise undefined. */
function compileAll<Item>(items: readonly (Item | undefined)[]): readonly Item[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}
