import { type EvaluationContext } from '../../model.js';
import { allocate, spend } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';
import {
  asSequence,
  copyOf,
  FunctionValue,
  isFunction,
  isNumeric,
  isSequence,
  keysOf,
  member,
  memberOfEach,
  pushAll,
  pushTo,
  setField,
  truth,
  type Sequence,
  type Signature,
  type FunctionCaller,
} from '../values.js';
import { type SyntaxNode, coalesced, isCoalesce, type FilterNode, type SyntaxPair } from '../syntax.js';
import { OMIT } from '../omit.js';
import { builtinOf } from './builtins.js';
import { wildcard, descendants } from './descent.js';
import { Frame, FRAME_BYTES } from './frame.js';
import { Group, inOrderOfFields } from './groups.js';
import { orderOf, operate } from './operators.js';
import { RegexValue } from './regex-value.js';
import { named } from './signature.js';
import { mergeSort } from './sort.js';
import { frameOf, joinedTuples, nextTuple, tupleStream, type Tuple } from './tuples.js';

/**
 * One evaluation of a tree of JSONata's parser. It has the semantics of `evaluate` of jsonata 2.2.2, but is synchronous, charges each step
 * to the budget, and never changes a value that it has not created itself.
 */
export class Evaluation implements FunctionCaller {
  #depth = 0;

  constructor(
    readonly root: unknown,
    readonly context: EvaluationContext,
  ) {}

  run(node: SyntaxNode): unknown {
    const frame = new Frame();
    frame.bind('$', this.root);
    frame.bind('omit', OMIT);
    return this.evaluate(node, this.root, frame);
  }

  evaluate(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    this.#depth += 1;
    if (this.#depth > LIMITS.depth) throw overLimit(`the expression nests more than ${LIMITS.depth} evaluations (a recursion?)`);
    spend(1);
    let result = this.#evaluateKind(node, input, frame);
    if (node.predicate) for (const filter of node.predicate) result = this.#filter(filter.expr, result, frame);
    if (node.group && node.type !== 'path') result = this.#group(node.group.lhs, result, frame);
    this.#depth -= 1;
    if (!isSequence(result) || result.tupleStream) return result;
    if (node.keepArray) result.keepSingleton = true;
    if (result.length === 0) return undefined;
    return result.length === 1 && !result.keepSingleton ? result[0] : result;
  }

  #evaluateKind(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    switch (node.type) {
      case 'path':
        return this.#path(node, input, frame);
      case 'binary':
        return this.#binary(node, input, frame);
      case 'unary':
        return this.#unary(node, input, frame);
      case 'name':
        return fieldOf(input, String(node.value));
      case 'string':
      case 'number':
      case 'value':
        return node.value;
      case 'wildcard':
        return wildcard(input);
      case 'descendant':
        return descendants(input);
      case 'parent':
        return frame.lookup(node.slot?.label ?? '');
      case 'condition':
        return this.#condition(node, input, frame);
      case 'block':
        return this.#block(node, input, frame);
      case 'bind':
        return this.#bind(node, input, frame);
      case 'regex':
        return new RegexValue(node.value as RegExp);
      case 'function':
        return this.#call(node, input, frame);
      case 'variable':
        return this.#variable(String(node.value), input, frame);
      case 'lambda':
        return new Lambda(this, node, input, frame);
      case 'partial':
        return this.#partial(node, input, frame);
      case 'apply':
        return this.#applyTo(node, input, frame);
      case 'transform':
        return new Transform(this, node, frame);
      default:
        throw badArgument(`an expression cannot contain ${node.type} here`);
    }
  }

  // Paths

  #path(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const steps = node.steps ?? [];
    let items: unknown = Array.isArray(input) && steps[0]?.type !== 'variable' ? input : [input];
    let result: unknown;
    let tuples: Sequence | undefined;
    for (const [index, step] of steps.entries()) {
      if (step.tuple || tuples) tuples = this.#tupleStep(step, items as readonly unknown[], tuples, frame);
      else if (index === 0 && step.consarray) result = this.evaluate(step, items, frame);
      else result = this.#step(step, items as readonly unknown[], index === steps.length - 1, frame);
      if (!tuples && (result === undefined || (result as unknown[]).length === 0)) break;
      if (step.focus === undefined) items = result;
    }
    if (tuples) result = node.tuple ? tuples : asSequence((tuples as Tuple[]).map((tuple) => tuple['@']));
    if (node.keepSingletonArray) result = keptList(result);
    return node.group ? this.#group(node.group.lhs, tuples ?? result, frame) : result;
  }

  #step(step: SyntaxNode, items: readonly unknown[], last: boolean, frame: Frame): unknown {
    if (step.type === 'sort') return this.#stages(step.stages, this.#sort(step, items, frame), frame);
    const results: unknown[] = [];
    for (const item of items) {
      let result = this.evaluate(step, item, frame);
      for (const stage of step.stages ?? []) result = this.#filter(stage.expr, result, frame);
      if (result !== undefined) pushTo(results, result);
    }
    const only = results.length === 1 ? results[0] : undefined;
    if (last && Array.isArray(only) && !isSequence(only)) return only;
    const flat: Sequence = [];
    for (const result of results) {
      if (Array.isArray(result) && !(result as Sequence).cons) pushAll(flat, result);
      else pushTo(flat, result);
    }
    return asSequence(flat);
  }

  #stages(stages: readonly FilterNode[] | undefined, value: unknown, frame: Frame): unknown {
    let result = value;
    for (const stage of stages ?? []) {
      if (stage.type === 'filter') result = this.#filter(stage.expr, result, frame);
      else if (stage.type === 'index') (result as Tuple[]).forEach((tuple, index) => (tuple[String(stage.value)] = index));
    }
    return result;
  }

  #tupleStep(step: SyntaxNode, items: readonly unknown[], before: Sequence | undefined, frame: Frame): Sequence {
    if (step.type === 'sort') return this.#stages(step.stages, this.#sortTuples(step, items, before, frame), frame) as Sequence;
    const result: Sequence = tupleStream([]);
    for (const tuple of (before ?? items.map((item) => ({ '@': item }))) as readonly Tuple[]) {
      const value = this.evaluate(step, tuple['@'], frameOf(tuple, frame));
      if (value === undefined) continue;
      const list = (Array.isArray(value) ? value : [value]) as Sequence;
      for (let index = 0; index < list.length; index += 1) pushTo(result, nextTuple(step, tuple, list, index));
    }
    return this.#stages(step.stages, result, frame) as Sequence;
  }

  #sortTuples(step: SyntaxNode, items: readonly unknown[], before: Sequence | undefined, frame: Frame): unknown {
    if (before) return this.#sort(step, before, frame);
    const sorted = this.#sort(step, items, frame) as readonly unknown[];
    return tupleStream(sorted.map((item, index) => ({ '@': item, [String(step.index)]: index })));
  }

  #filter(condition: SyntaxNode, value: unknown, frame: Frame): unknown {
    const list = (Array.isArray(value) ? value : [value]) as Sequence;
    const results: Sequence = list.tupleStream ? tupleStream([]) : asSequence([]);
    if (condition.type === 'number') {
      const item = list.at(Math.floor(condition.value as number));
      if (Array.isArray(item)) return item;
      if (item !== undefined) results.push(item);
      return results;
    }
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index];
      const tuple = list.tupleStream ? (item as Tuple) : undefined;
      const found = this.evaluate(condition, tuple ? tuple['@'] : item, tuple ? frameOf(tuple, frame) : frame);
      const picks = isNumeric(found) ? [found] : found;
      if (Array.isArray(picks) && picks.every(isNumeric)) {
        spend(picks.length);
        for (const pick of picks) if (pointsAt(pick, index, list.length)) pushTo(results, item);
      } else if (truth(found)) pushTo(results, item);
    }
    return results;
  }

  #sort(node: SyntaxNode, items: readonly unknown[], frame: Frame): unknown {
    if (items.length <= 1) return items;
    const terms = node.terms ?? [];
    const tuples = (items as Sequence).tupleStream === true;
    const keyOf = (item: unknown, term: SyntaxNode): unknown =>
      tuples ? this.evaluate(term, (item as Tuple)['@'], frameOf(item as Tuple, frame)) : this.evaluate(term, item, frame);
    const entries = items.map((item) => ({ item, keys: [] as unknown[] }));
    allocate(entries.length * FRAME_BYTES);
    const sorted = mergeSort(entries, (a, b) => {
      for (const [index, { expression, descending }] of terms.entries()) {
        if (!(index in a.keys)) a.keys[index] = keyOf(a.item, expression);
        if (!(index in b.keys)) b.keys[index] = keyOf(b.item, expression);
        const order = orderOf(a.keys[index], b.keys[index], descending === true);
        if (order !== 0) return order > 0;
      }
      return false;
    });
    return sorted.map((entry) => entry.item);
  }

  // Operators

  #binary(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const left = this.evaluate(node.lhs as SyntaxNode, input, frame);
    const right = (): unknown => this.evaluate(node.rhs as SyntaxNode, input, frame);
    switch (node.value) {
      case 'and':
        return truth(left) === true && truth(right()) === true;
      case 'or':
        return truth(left) === true || truth(right()) === true;
      default:
        return operate(String(node.value), left, right());
    }
  }

  #unary(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    if (node.value === '[') return this.#list(node, input, frame);
    if (node.value === '{') return this.#group(node.lhs as readonly SyntaxPair[], input, frame);
    const value = this.evaluate(node.expression as SyntaxNode, input, frame);
    if (value === undefined) return undefined;
    if (!isNumeric(value)) throw badArgument('the operand of "-" is not a number', 'convert a text with $number(…)');
    return -value;
  }

  #list(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const list: Sequence = [];
    for (const item of node.expressions ?? []) {
      const value = this.evaluate(item, input, frame);
      if (value === undefined) continue;
      if (Array.isArray(value) && item.value !== '[') pushAll(list, value);
      else pushTo(list, value);
    }
    if (node.consarray) Object.defineProperty(list, 'cons', { value: true });
    return list;
  }

  /** Evaluates `{…}`: an object built from the input or, for a list, an object whose fields are groups of the items. */
  #group(pairs: readonly SyntaxPair[], input: unknown, frame: Frame): unknown {
    const list = (Array.isArray(input) ? input : [input]) as Sequence;
    const tuples = list.tupleStream === true;
    const groups = new Map<string, Group>();
    for (const item of list.length === 0 && !tuples ? [undefined] : list) {
      const tuple = tuples ? (item as Tuple) : undefined;
      for (const [pair, [keyNode]] of pairs.entries()) {
        const key = this.evaluate(keyNode, tuple ? tuple['@'] : item, tuple ? frameOf(tuple, frame) : frame);
        if (key === undefined) continue;
        if (typeof key !== 'string') throw badArgument('a key of an object is not a text');
        const group = groups.get(key);
        if (!group) groups.set(key, new Group(pair, item));
        else if (group.pair !== pair) throw badArgument(`two pairs of an object have the same key: ${shortened(key)}`);
        else group.add(item);
      }
    }
    const made: Record<string, unknown> = {};
    for (const [key, { pair, data }] of inOrderOfFields(groups)) {
      const valueNode = (pairs[pair] as SyntaxPair)[1];
      const tuple = tuples ? joinedTuples(data) : undefined;
      const value = tuple ? this.evaluate(valueNode, tuple['@'], frameOf(tuple, frame)) : this.evaluate(valueNode, data, frame);
      if (value !== undefined) setField(made, key, value);
    }
    return made;
  }

  #condition(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const otherwise = (): unknown => node.else && this.evaluate(node.else, input, frame);
    // For `a ?? b` and `a ?: b` the tree contains two copies of `a`; the first has lost its regular expressions.
    const left = coalesced(node);
    if (left) {
      const value = this.evaluate(left, input, frame);
      return (isCoalesce(node) ? value !== undefined : truth(value) === true) ? value : otherwise();
    }
    if (truth(this.evaluate(node.condition as SyntaxNode, input, frame))) {
      return this.evaluate(node.then as SyntaxNode, input, frame);
    }
    return otherwise();
  }

  #block(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const inner = new Frame(frame);
    let result: unknown;
    for (const each of node.expressions ?? []) result = this.evaluate(each, input, inner);
    return result;
  }

  #bind(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const value = this.evaluate(node.rhs as SyntaxNode, input, frame);
    frame.bind(String((node.lhs as SyntaxNode).value), value);
    return value;
  }

  #variable(name: string, input: unknown, frame: Frame): unknown {
    if (name === '') return input;
    const value = frame.lookup(name);
    return value === undefined ? builtinOf(name, this) : value;
  }

  // Functions

  #call(node: SyntaxNode, input: unknown, frame: Frame, first?: { readonly value: unknown }): unknown {
    const target = this.evaluate(node.procedure as SyntaxNode, input, frame);
    const args = (node.arguments ?? []).map((argument) => this.evaluate(argument, input, frame));
    return this.apply(target, first ? [first.value, ...args] : args, input);
  }

  /** Calls a function. This loop also makes the tail calls of functions, so that they need no stack. */
  apply(target: unknown, args: readonly unknown[], input: unknown): unknown {
    let result = applyOnce(target, args, input);
    while (result instanceof Lambda && result.node.thunk) {
      const { node, frame, input: inside } = result;
      const { procedure, arguments: nodes } = node.body as SyntaxNode;
      const next = this.evaluate(procedure as SyntaxNode, inside, frame);
      result = applyOnce(
        next,
        (nodes ?? []).map((each) => this.evaluate(each, inside, frame)),
        input,
      );
    }
    return result;
  }

  /** Calls the function without a context value, as `$map` and similar functions do. */
  callback(target: FunctionValue, args: readonly unknown[]): unknown {
    spend(1);
    return this.apply(target, args, null);
  }

  #partial(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const args = (node.arguments ?? []).map((argument) =>
      argument.type === 'operator' && argument.value === '?' ? LOCATION : this.evaluate(argument, input, frame),
    );
    const target = this.evaluate(node.procedure as SyntaxNode, input, frame);
    if (!isFunction(target)) throw badArgument('the value called with "?" is a non-function');
    return new Partial(target, args);
  }

  #applyTo(node: SyntaxNode, input: unknown, frame: Frame): unknown {
    const value = this.evaluate(node.lhs as SyntaxNode, input, frame);
    const right = node.rhs as SyntaxNode;
    if (right.type === 'function') return this.#call(right, input, frame, { value });
    const target = this.evaluate(right, input, frame);
    if (!isFunction(target)) throw badArgument('the right side of "~>" is a non-function');
    return isFunction(value) ? new Chain(this, value, target) : this.apply(target, [value], null);
  }

  /** Returns a changed copy of a value: `| pattern | update, delete |`. */
  transform(node: SyntaxNode, value: unknown, frame: Frame): unknown {
    if (value === undefined) return undefined;
    const copy = copyOf(value);
    const own = new Set<unknown>();
    collectObjects(copy, own);
    const found = this.evaluate(node.pattern as SyntaxNode, copy, frame);
    for (const match of found === undefined ? [] : Array.isArray(found) ? (found as readonly unknown[]) : [found]) {
      this.#update(node, match, own, frame);
    }
    return copy;
  }

  #update(node: SyntaxNode, match: unknown, own: ReadonlySet<unknown>, frame: Frame): void {
    const update = this.evaluate(node.update as SyntaxNode, match, frame);
    if (update !== undefined) {
      if (typeof update !== 'object' || update === null || Array.isArray(update)) {
        throw badArgument('the update of a transform is not an object');
      }
      // A list cannot have fields: those that the library sets would be lost when the result is sent.
      if (Array.isArray(match)) return;
      for (const key of keysOf(update)) setField(changeable(match, own), key, (update as Record<string, unknown>)[key]);
    }
    const deleted = node.delete && this.evaluate(node.delete, match, frame);
    if (deleted === undefined) return;
    const keys: readonly unknown[] = Array.isArray(deleted) ? deleted : [deleted];
    spend(keys.length);
    if (!keys.every((key) => typeof key === 'string')) {
      throw badArgument('the deleted keys of a transform are neither a text nor a list of texts');
    }
    if (typeof match === 'object' && match !== null) for (const key of keys) delete changeable(match, own)[key];
  }
}

/** Returns the match as an object that the transform may change, because it belongs to its copy. */
function changeable(match: unknown, own: ReadonlySet<unknown>): Record<string, unknown> {
  if (typeof match !== 'object' || match === null)
    throw badArgument('the pattern of a transform selects something that is not an object');
  if (own.has(match)) return match as Record<string, unknown>;
  throw badArgument('a transform changes only its copy, but this pattern leads out of it', PATTERN_CURE);
}

const PATTERN_CURE = 'begin the pattern with a field of the value on the left of "~>", without "$$"';

/** A function that the expression defines. */
export class Lambda extends FunctionValue {
  readonly arity: number;
  override readonly signature: Signature | undefined;

  constructor(
    private readonly evaluation: Evaluation,
    readonly node: SyntaxNode,
    readonly input: unknown,
    readonly frame: Frame,
  ) {
    super();
    this.arity = node.arguments?.length ?? 0;
    this.signature = node.signature ? named('this function', node.signature as Signature) : undefined;
    allocate(FRAME_BYTES);
  }

  call(args: readonly unknown[]): unknown {
    allocate(FRAME_BYTES);
    const frame = new Frame(this.frame);
    this.node.arguments?.forEach((parameter, index) => frame.bind(String(parameter.value), args[index]));
    return this.evaluation.evaluate(this.node.body as SyntaxNode, this.input, frame);
  }
}

/** Placeholder for an open argument of a partial application. */
const LOCATION = Symbol('?');

/** A partial application: some arguments are given, others are open. */
class Partial extends FunctionValue {
  readonly arity: number;

  constructor(
    private readonly target: FunctionValue,
    private readonly given: readonly unknown[],
  ) {
    super();
    this.arity = given.filter((each) => each === LOCATION).length;
  }

  call(args: readonly unknown[], input: unknown): unknown {
    let next = 0;
    return this.target.call(
      this.given.map((each) => (each === LOCATION ? args[next++] : each)),
      input,
    );
  }
}

/** The composition `f ~> g`. */
class Chain extends FunctionValue {
  readonly arity = 1;

  constructor(
    private readonly evaluation: Evaluation,
    private readonly first: FunctionValue,
    private readonly second: FunctionValue,
  ) {
    super();
  }

  call(args: readonly unknown[]): unknown {
    return this.evaluation.callback(this.second, [this.evaluation.callback(this.first, [args[0]])]);
  }
}

class Transform extends FunctionValue {
  readonly arity = 1;

  constructor(
    private readonly evaluation: Evaluation,
    private readonly node: SyntaxNode,
    private readonly frame: Frame,
  ) {
    super();
  }

  call([value]: readonly unknown[]): unknown {
    if (value !== undefined && (typeof value !== 'object' || value === null)) {
      throw badArgument('a transform takes an object or a list');
    }
    return this.evaluation.transform(this.node, value, this.frame);
  }
}

function applyOnce(target: unknown, args: readonly unknown[], input: unknown): unknown {
  if (!isFunction(target)) throw badArgument('the called value is a non-function');
  return target.call(target.signature ? target.signature.validate(args, input) : args, input);
}

function fieldOf(input: unknown, name: string): unknown {
  return Array.isArray(input) ? memberOfEach(input, name) : member(input, name);
}

/** Finishes a path with `[]`: one item remains a list. */
function keptList(result: unknown): unknown {
  if (!Array.isArray(result)) return result;
  const list = result as Sequence;
  const kept = list.cons && !list.sequence ? asSequence([list]) : list;
  if (kept.sequence) kept.keepSingleton = true;
  return kept;
}

function pointsAt(wanted: number, index: number, length: number): boolean {
  const whole = Math.floor(wanted);
  return (whole < 0 ? length + whole : whole) === index;
}

function collectObjects(value: unknown, found: Set<unknown>): void {
  if (typeof value !== 'object' || value === null) return;
  spend(1);
  allocate(FRAME_BYTES / 4);
  found.add(value);
  for (const item of Object.values(value)) collectObjects(item, found);
}

function shortened(text: string): string {
  return text.length > 50 ? `${text.slice(0, 50)}…` : text;
}
