import { isMap, isScalar, isSeq, parseAllDocuments, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { applyEdits, dropPair, replaceNode, replaceScalar, swapValues, type Edit } from './edits.js';
import { expressionMutations, hasExpression, otherFate, wholeExpression } from './expression-edits.js';
import type { OperatorName } from './operators.js';

/** A file of flows with one mistake. */
export interface Mutant {
  readonly operator: OperatorName;
  /** The flow with the mistake. */
  readonly flow: string;
  /** Flow, place and change. Unique in the file, and independent of line numbers. */
  readonly name: string;
  /** The line of the mistake, from 1. */
  readonly line: number;
  /** The whole file with the mistake. */
  readonly source: string;
}

const OTHER_ON_FAILURE: Readonly<Record<string, string>> = { continue: 'finish', finish: 'continue', stop: 'finish' };
const DURATION = /^(\d+)(ms|s|m|h|d)$/;

/**
 * Returns all mutants of the flows of a file: each operator at each place where it applies. Tests, triggers (except `where`), `if` of a test
 * and texts for people (`description`, `stop.reason`) are not changed. A mutant need not be a valid flow: lint it.
 *
 * @param source the text of a file without YAML errors
 */
export function mutantsOf(source: string): readonly Mutant[] {
  return [...parseAllDocuments(source)].flatMap(({ contents }) => {
    if (!isMap(contents)) return [];
    const flow = contents.get('flow');
    return typeof flow === 'string' ? new FlowMutants(source, flow).of(contents) : [];
  });
}

class FlowMutants {
  readonly #mutants: Mutant[] = [];
  readonly #names = new Map<string, number>();

  constructor(
    private readonly source: string,
    private readonly flow: string,
  ) {}

  of(flow: YAMLMap): readonly Mutant[] {
    const trigger = mapOf(flow, 'trigger');
    if (trigger) this.#condition(trigger, 'where', 'trigger.where');
    const deliver = mapOf(flow, 'deliver');
    if (deliver) {
      this.#drop('key-drop', deliver, 'key', 'deliver.key');
      this.#drop('dedupe-drop', deliver, 'dedupe', 'deliver.dedupe');
      this.#replaceWord(deliver, 'onExhausted', 'deliver.onExhausted', (word) => (word === 'drop' ? 'park' : 'drop'));
    }
    this.#steps(flow, 'steps');
    this.#drop('handler-drop', flow, 'catch', 'catch');
    this.#steps(flow, 'catch');
    return this.#mutants;
  }

  #steps(owner: YAMLMap, key: string): void {
    for (const step of itemsOf(owner, key)) {
      if (isMap(step)) this.#step(step, String(step.get('id')));
    }
  }

  #step(step: YAMLMap, id: string): void {
    this.#condition(step, 'if', `${id}.if`);
    for (const key of ['with', 'set', 'emit', 'reply']) this.#value(nodeOf(step, key), `${id}.${key}`);
    this.#onError(step, id);
    const call = mapOf(step, 'call');
    if (call) this.#value(nodeOf(call, 'data'), `${id}.call.data`);
    this.#raise(step, id);
    const choice = mapOf(step, 'switch');
    if (choice) this.#switch(choice, id);
    const loop = mapOf(step, 'forEach');
    if (loop) {
      this.#expressions(nodeOf(loop, 'in'), `${id}.forEach.in`);
      this.#value(nodeOf(loop, 'output'), `${id}.forEach.output`);
      this.#replaceWord(loop, 'onFailure', `${id}.forEach.onFailure`, (word) => OTHER_ON_FAILURE[word]);
      this.#steps(loop, 'steps');
    }
    const attempt = mapOf(step, 'try');
    if (attempt) this.#try(attempt, id);
  }

  #switch(choice: YAMLMap, id: string): void {
    for (const [index, one] of itemsOf(choice, 'cases').entries()) {
      if (!isMap(one)) continue;
      this.#condition(one, 'when', `${id}.switch.cases.${index}.when`, { isRequired: true });
      this.#steps(one, 'steps');
    }
    this.#steps(choice, 'otherwise');
  }

  #try(attempt: YAMLMap, id: string): void {
    this.#steps(attempt, 'steps');
    const handler = nodeOf(attempt, 'catch');
    if (!handler || isRaiseAlone(handler)) return;
    this.#add('handler-drop', `${id}.try.catch`, '', [replaceNode(this.source, handler, `[{ id: ${id}Again, raise: {} }]`)]);
    this.#steps(attempt, 'catch');
  }

  #onError(step: YAMLMap, id: string): void {
    const entries = itemsOf(step, 'onError').filter(isMap);
    this.#drop('handler-drop', step, 'onError', `${id}.onError`);
    for (const [index, entry] of entries.entries()) {
      const path = `${id}.onError.${index}`;
      this.#condition(entry, 'when', `${path}.when`);
      this.#value(nodeOf(entry, 'output'), `${path}.output`);
    }
  }

  #raise(step: YAMLMap, id: string): void {
    const raise = mapOf(step, 'raise');
    if (!raise) return;
    this.#replaceWord(raise, 'fate', `${id}.raise.fate`, otherFate);
    for (const key of ['code', 'message', 'details']) this.#value(nodeOf(raise, key), `${id}.raise.${key}`);
  }

  #condition(owner: YAMLMap, key: string, path: string, { isRequired = false } = {}): void {
    const node = nodeOf(owner, key);
    if (!isScalar(node)) return;
    const expression = wholeExpression(String(node.value));
    if (expression === undefined) return;
    this.#add('condition-negate', path, '', [replaceScalar(this.source, node, `\${{ $not(${expression}) }}`)]);
    if (isRequired) this.#add('condition-drop', path, '', [replaceNode(this.source, node, 'true')]);
    else this.#drop('condition-drop', owner, key, path);
    this.#expressions(node, path);
  }

  /** Adds the mutants of a value: of its keys, its constants and its expressions. */
  #value(node: Node | undefined, path: string): void {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) this.#value(item as Node, `${path}.${index}`);
    if (isScalar(node)) this.#constant(node, path);
    if (!isMap(node)) return;
    for (const [index, pair] of node.items.entries()) {
      const key = keyOf(pair);
      this.#add('mapping-drop', `${path}.${key}`, '', [dropPair(this.source, node, pair)]);
      this.#swap(pair, node.items[index + 1], path);
      this.#value(pair.value as Node, `${path}.${key}`);
    }
  }

  #swap(pair: Pair, next: Pair | undefined, path: string): void {
    if (!next || !isScalar(pair.value) || !isScalar(next.value) || pair.value.value === next.value.value) return;
    const change = `${keyOf(pair)} ↔ ${keyOf(next)}`;
    this.#add('mapping-swap', path, change, swapValues(this.source, pair.value, next.value));
  }

  #constant(node: Scalar, path: string): void {
    const { value } = node;
    if (typeof value === 'string' && hasExpression(value)) {
      this.#expressions(node, path);
      if (wholeExpression(value) !== undefined) return;
    }
    const other = otherConstant(value);
    if (other === undefined) return;
    const change = `${JSON.stringify(value)} → ${JSON.stringify(other)}`;
    this.#add('mapping-constant', path, change, [replaceScalar(this.source, node, other)]);
  }

  #expressions(node: Node | undefined, path: string): void {
    if (!isScalar(node) || typeof node.value !== 'string') return;
    for (const { operator, change, text } of expressionMutations(node.value)) {
      this.#add(operator, path, change, [replaceScalar(this.source, node, text)]);
    }
  }

  #replaceWord(owner: YAMLMap, key: string, path: string, other: (word: string) => string | undefined): void {
    const node = nodeOf(owner, key);
    if (!isScalar(node)) return;
    const word = String(node.value);
    const replacement = other(word);
    if (replacement === undefined) return;
    this.#add('handler-fate', path, `${word} → ${replacement}`, [replaceNode(this.source, node, replacement)]);
  }

  #drop(operator: OperatorName, owner: YAMLMap, key: string, path: string): void {
    const pair = owner.items.find((one) => keyOf(one) === key);
    if (pair) this.#add(operator, path, '', [dropPair(this.source, owner, pair)]);
  }

  #add(operator: OperatorName, path: string, change: string, edits: readonly Edit[]): void {
    const base = `${this.flow}/${path} ${operator}${change === '' ? '' : ` ${change}`}`;
    const count = (this.#names.get(base) ?? 0) + 1;
    this.#names.set(base, count);
    this.#mutants.push({
      operator,
      flow: this.flow,
      name: count === 1 ? base : `${base} #${count}`,
      line: this.source.slice(0, edits[0]?.start).split('\n').length,
      source: applyEdits(this.source, edits),
    });
  }
}

/** Whether a handler only raises the error again, as if it were missing. */
function isRaiseAlone(handler: Node): boolean {
  const [step, ...more] = isSeq(handler) ? handler.items : [];
  if (!isMap(step) || more.length > 0 || step.has('if')) return false;
  const raise = mapOf(step, 'raise');
  return raise?.items.length === 0;
}

function otherConstant(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') return undefined;
  const [, count, unit = ''] = DURATION.exec(value) ?? [];
  return count === undefined ? `${value}~` : `${Number(count) + 1}${unit}`;
}

function nodeOf(map: YAMLMap, key: string): Node | undefined {
  return map.get(key, true);
}

function mapOf(map: YAMLMap, key: string): YAMLMap | undefined {
  const node = nodeOf(map, key);
  return isMap(node) ? node : undefined;
}

function itemsOf(map: YAMLMap, key: string): readonly unknown[] {
  const node = nodeOf(map, key);
  return isSeq(node) ? node.items : [];
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}
