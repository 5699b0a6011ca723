import type { Scope } from '../../model.js';
import type { FilterNode, SyntaxNode } from '../syntax.js';
import { spend } from '../budget.js';
import { isNumeric, isSequence, isTrue, member, pushAll, pushTo, sequence, unwrapped, type Sequence } from '../values.js';

/** @param input the context value; closures that begin at the roots ignore it */
export type Closure = (input: unknown, scope: Scope) => unknown;
/** Returns a sequence, or the selected item when that item is itself a list. */
export type Filter = (value: unknown, scope: Scope) => readonly unknown[];
type CompileNode = (node: SyntaxNode, root: boolean) => Closure | undefined;

interface Step {
  /** Field that the step reads; undefined when the step is not a name. */
  readonly name?: string;
  readonly run: Closure;
  readonly filters: readonly Filter[];
}

/** Compiles a path, with the semantics of `evaluatePath` and `evaluateStep` of jsonata 2.2.2. */
export function compilePath(node: SyntaxNode, root: boolean, compile: CompileNode): Closure | undefined {
  if (node.tuple || node.group || (node.keepArray && !node.keepSingletonArray)) return undefined;
  const all = node.steps ?? [];
  const fromRoot = isRootVariable(all[0], root);
  const nodes = fromRoot ? all.slice(1) : all;
  const atRoot = root || fromRoot;
  const steps: Step[] = [];
  for (const [index, step] of nodes.entries()) {
    const compiled = compileStep(step, atRoot && index === 0, compile);
    if (!compiled) return undefined;
    steps.push(compiled);
  }
  const [first, ...rest] = steps;
  if (!first) return undefined;
  const names = steps.map((step) => step.name);
  const finish = node.keepSingletonArray ? keptList : unwrapped;
  if (finish === unwrapped && names.every((name) => name !== undefined) && steps.every((step) => step.filters.length === 0)) {
    return atRoot ? rootNames(names, rest) : itemNames(names, steps);
  }
  if (atRoot) return (_, scope) => finish(walk([undefined], steps, 0, scope));
  const spreads = nodes[0]?.type !== 'variable';
  return (input, scope) => finish(walk(spreads && Array.isArray(input) ? input : [input], steps, 0, scope));
}

/** Finishes a path with `[]`: one item remains a list. */
function keptList(items: readonly unknown[]): unknown {
  return isSequence(items) && items.length === 0 ? undefined : items;
}

function isRootVariable(step: SyntaxNode | undefined, root: boolean): boolean {
  if (step?.type !== 'variable' || step.predicate || step.stages) return false;
  return step.value === '$' || (root && step.value === '');
}

function compileStep(node: SyntaxNode, root: boolean, compile: CompileNode): Step | undefined {
  if (node.tuple || node.focus !== undefined || node.index !== undefined || node.group || node.consarray) return undefined;
  const filters: Filter[] = [];
  for (const stage of node.stages ?? []) {
    const filter = compileFilter(stage, compile);
    if (!filter) return undefined;
    filters.push(filter);
  }
  if (node.keepArray && node.type !== 'name') return undefined;
  if (node.type === 'name') {
    const name = String(node.value);
    return { name, filters, run: root ? (_, scope) => rootOf(scope, name) : (input) => member(input, name) };
  }
  const run = compile(node, root);
  return run && { run, filters };
}

/** Reads a root. The evaluation context is a part of the scope, but not a root. */
function rootOf(scope: Scope, name: string): unknown {
  return name === 'context' ? undefined : member(scope, name);
}

/** Compiles the most common expression, a path of names from the roots. It allocates no memory unless it finds a list. */
function rootNames(names: readonly string[], rest: readonly Step[]): Closure {
  const first = names[0] as string;
  return (_, scope) => namesFrom(rootOf(scope, first), rest, scope);
}

function itemNames(names: readonly string[], steps: readonly Step[]): Closure {
  const first = names[0] as string;
  const rest = steps.slice(1);
  return (input, scope) => {
    if (Array.isArray(input)) return unwrapped(walk(input, steps, 0, scope));
    return namesFrom(member(input, first), rest, scope);
  };
}

function namesFrom(start: unknown, rest: readonly Step[], scope: Scope): unknown {
  let value = start;
  for (let index = 0; index < rest.length; index += 1) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return unwrapped(walk(value, rest, index, scope));
    value = member(value, (rest[index] as Step).name as string);
  }
  return value;
}

/** Takes the steps from index `from` on, for each item. */
function walk(items: readonly unknown[], steps: readonly Step[], from: number, scope: Scope): readonly unknown[] {
  if (items.length === 0) return sequence([]);
  let current = items;
  for (let index = from; index < steps.length && current.length > 0; index += 1) {
    current = takeStep(current, steps[index] as Step, index === steps.length - 1, scope);
  }
  return current;
}

function takeStep(items: readonly unknown[], step: Step, last: boolean, scope: Scope): readonly unknown[] {
  const results: unknown[] = [];
  for (const item of items) {
    spend(1);
    let result = step.run(item, scope);
    for (const filter of step.filters) result = filter(result, scope);
    if (result !== undefined) pushTo(results, result);
  }
  const only = results.length === 1 ? results[0] : undefined;
  // A list of the data remains a list, also with one item or without items.
  if (last && Array.isArray(only) && !isSequence(only)) return only;
  const flat: Sequence = [];
  for (const result of results) {
    if (Array.isArray(result)) pushAll(flat, result);
    else pushTo(flat, result);
  }
  flat.sequence = true;
  return flat;
}

/** Compiles `[…]` after a step, with the semantics of `evaluateFilter` of jsonata 2.2.2: an index, or a condition on each item. */
export function compileFilter(node: FilterNode, compile: CompileNode): Filter | undefined {
  if (node.type !== 'filter') return undefined;
  if (node.expr.type === 'number' && !node.expr.predicate) return byIndex(Math.floor(node.expr.value as number));
  const condition = compile(node.expr, false);
  return condition && byCondition(condition);
}

function byIndex(index: number): Filter {
  return (value) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const item = list.at(index);
    if (item === undefined) return sequence([]);
    return Array.isArray(item) ? (item as readonly unknown[]) : sequence([item]);
  };
}

function byCondition(condition: Closure): Filter {
  return (value, scope) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const kept: Sequence = [];
    for (let index = 0; index < list.length; index += 1) {
      spend(1);
      const item = list[index];
      const result = condition(item, scope);
      if (isNumeric(result)) {
        if (pointsAt(result, index, list.length)) pushTo(kept, item);
      } else if (Array.isArray(result) && result.every(isNumeric)) {
        spend(result.length);
        for (const each of result) if (pointsAt(each, index, list.length)) pushTo(kept, item);
      } else if (isTrue(result)) {
        pushTo(kept, item);
      }
    }
    kept.sequence = true;
    return kept;
  };
}

function pointsAt(wanted: number, index: number, length: number): boolean {
  const whole = Math.floor(wanted);
  return (whole < 0 ? length + whole : whole) === index;
}
