import { typeMatches } from '@sluice/plugin-api';
import { opensExpression } from '../expression/index.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { valuesOfRun } from '../grammar/values-of.js';
import { nearest } from '../nearest.js';
import type { Texts } from '../texts.js';
import { endOf, innerSteps, stepsOf, type StepDraft } from '../verbs/index.js';
import { scalarsOf, type ScalarNode } from '../yaml/nodes.js';

interface EventMention {
  readonly flow: FlowDraft;
  readonly node: ScalarNode;
  readonly type: string;
}

/**
 * Compares the types that flows emit with those that flows take. Events come from outside as well, so a type that no flow emits is
 * reported only when it looks like a misspelling of one that a flow does emit.
 *
 * @param published patterns of the types that issuers may publish
 */
export function checkEvents(flows: readonly FlowDraft[], published: readonly string[]): void {
  const emitted = flows.flatMap((flow) => [...emitsOf(flow)]);
  const taken = flows.flatMap((flow) => [...takesOf(flow)]);
  const takenTypes = new TypeSet(taken.map(({ type }) => type));
  const nearTaken = new NearTypes(taken);
  for (const { flow, node, type } of emitted) {
    if (opensExpression(type) || takenTypes.takes(type)) continue;
    const near = nearTaken.to(type);
    const cure =
      near === undefined ? { do: 'add a flow that takes it; until then its events wait as unrouted' } : { write: near };
    flow.report.warning(node, 'EVENT_NOBODY_TAKES', `no flow takes ${type}`, cure);
  }
  if (emitted.some(({ type }) => opensExpression(type))) return;
  const nearEmitted = new NearTypes(emitted);
  const known = new TypeSet([...emitted.map(({ type }) => type), ...published]);
  for (const { flow, node, type } of taken) {
    if (emitted.length === 0 || isPattern(type) || known.takes(type)) continue;
    const near = nearEmitted.to(type);
    if (near !== undefined) flow.report.warning(node, 'EVENT_NOBODY_EMITS', `no flow emits ${type}`, { write: near });
  }
}

/** A set of event types and patterns. */
class TypeSet {
  private readonly types = new Set<string>();
  /** Patterns by their words before the first `*` or `#`, because a workspace may have many patterns. */
  private readonly patterns = new Map<string, string[]>();

  constructor(all: readonly string[]) {
    for (const type of new Set(all)) {
      if (!isPattern(type)) this.types.add(type);
      else this.patternsAfter(type.slice(0, Math.max(0, type.search(/[*#]/) - 1))).push(type);
    }
  }

  takes(type: string): boolean {
    if (this.types.has(type)) return true;
    for (let end = 0; end >= 0; end = end < type.length ? nextDot(type, end + 1) : -1) {
      if (this.patterns.get(type.slice(0, end))?.some((pattern) => typeMatches(pattern, type))) return true;
    }
    return false;
  }

  private patternsAfter(words: string): string[] {
    const known = this.patterns.get(words) ?? [];
    this.patterns.set(words, known);
    return known;
  }
}

function isPattern(type: string): boolean {
  return /[*#]/.test(type);
}

/** Returns the offset of the next dot, or the length of the text. */
function nextDot(text: string, from: number): number {
  const dot = text.indexOf('.', from);
  return dot < 0 ? text.length : dot;
}

function* emitsOf(flow: FlowDraft): Generator<EventMention> {
  for (const step of stepsOf(flow)) if (step.verb === 'emit') yield { flow, node: step.type, type: String(step.type.value) };
}

function* takesOf(flow: FlowDraft): Generator<EventMention> {
  if (flow.trigger.kind !== 'event') return;
  for (const node of flow.trigger.types) yield { flow, node, type: String(node.value) };
}

/** Maximum pairs of types to compare, so that the check of a huge workspace ends in time. */
const MAX_COMPARISONS = 50_000;

/**
 * Finds the type that was probably meant. Each word must be near: most letters of `order.saved` and `order.created` are the same,
 * but one is not a misspelling of the other.
 */
class NearTypes {
  private readonly types: readonly { readonly type: string; readonly words: readonly string[] }[];
  private comparisons = 0;

  constructor(mentions: readonly EventMention[]) {
    const types = [...new Set(mentions.map(({ type }) => type))];
    this.types = types.map((type) => ({ type, words: type.split('.') }));
  }

  /** Returns undefined when no type is near, and when too many were compared already. */
  to(type: string): string | undefined {
    if ((this.comparisons += this.types.length) > MAX_COMPARISONS) return undefined;
    const words = type.split('.');
    const isNear = (others: readonly string[]) =>
      words.length === others.length &&
      words.every((word, at) => Math.abs(word.length - (others[at] as string).length) <= Math.max(1, word.length / 3)) &&
      words.every((word, at) => nearest(word, [others[at] as string]) !== undefined);
    return nearest(
      type,
      this.types.filter((other) => isNear(other.words)).map((other) => other.type),
    );
  }
}

/** Reports steps after a step that always ends the run. */
export function checkReachable(flow: FlowDraft): void {
  checkList(flow.steps, flow);
  checkList(flow.catch ?? [], flow);
}

function checkList(steps: readonly StepDraft[], flow: FlowDraft): void {
  const at = steps.findIndex((step) => endOf(step) !== undefined);
  const [end, unreached] = at < 0 ? [] : steps.slice(at, at + 2);
  if (end && unreached) {
    const message = `step "${unreached.id}" is never reached: "${end.id}" always ${endOf(end)}`;
    flow.report.warning(unreached.idNode, 'FLOW_UNREACHABLE', message, { do: 'delete it, or add an "if" to the step before it' });
  }
  for (const step of steps) for (const inner of innerSteps(step)) checkList(inner.steps, flow);
}

/** Reports `set` steps whose values no expression reads. */
export function checkUnused(flow: FlowDraft, texts: Texts): void {
  const read = new Set<string>();
  for (const value of valuesOfRun(flow)) {
    for (const scalar of scalarsOf(value)) {
      for (const { references } of texts.expressions(scalar)) {
        for (const { path } of references) {
          if (path[0] !== 'steps') continue;
          // The expression reads `steps` as a whole, so it may read any of them.
          if (path[1] === undefined) return;
          read.add(path[1]);
        }
      }
    }
  }
  for (const step of stepsOf(flow)) {
    for (const { steps, lastIsRead } of innerSteps(step)) if (lastIsRead) for (const last of lastOf(steps)) read.add(last.id);
  }
  for (const step of stepsOf(flow)) {
    if (step.verb === 'set' && !read.has(step.id))
      flow.report.warning(step.idNode, 'STEP_UNUSED', `nothing reads steps.${step.id}`, { do: 'delete the step' });
  }
}

/** Yields the steps that may be the last of the list to have an output. */
function* lastOf(steps: readonly StepDraft[]): Generator<StepDraft> {
  for (const step of steps.toReversed()) {
    yield step;
    const inner = innerSteps(step);
    for (const { kind, steps: below } of inner) if (kind !== 'item') yield* lastOf(below);
    if (inner.length === 0 && step.if === undefined) return;
  }
}
