/**
 * The verbs of the language, one module for each. `verb.ts` declares what a module contains; the table below is the only list of the
 * verbs, and everything that concerns all steps walks it by way of the functions of this file.
 */
import type { JsonSchema } from '../json-schema.js';
import type { Shape } from '../lint/shapes.js';
import type { Step } from '../model.js';
import type { YamlNode } from '../yaml/nodes.js';
import { call } from './call.js';
import type { KnownDraft, StepDraft } from './drafts.js';
import { emit } from './emit.js';
import { forEach } from './for-each.js';
import { raise } from './raise.js';
import { reply } from './reply.js';
import { set } from './set.js';
import { STEP_KEYS, type StepKey } from './step-keys.js';
import { stop } from './stop.js';
import { switchVerb } from './switch.js';
import { tryVerb } from './try.js';
import { use } from './use.js';
import type { InnerSteps, StepBuilding, StepChecking, StepReading, StepSchemas, StepShapes, StepValue, Verb } from './verb.js';

export type * from './drafts.js';
export type * from './verb.js';

/** All verbs. */
const VERBS = { use, set, switch: switchVerb, forEach, try: tryVerb, call, emit, reply, stop, raise } as const;

export type VerbName = keyof typeof VERBS;

export const VERB_NAMES = Object.keys(VERBS) as readonly VerbName[];

/** Returns the module of a step's verb. The table and the drafts have the same keys, so the module fits the draft. */
function verbOf<Draft extends KnownDraft>(draft: Draft): Verb<Draft, Step> {
  return VERBS[draft.verb] as unknown as Verb<Draft, Step>;
}

/** Reads the value of a verb; returns undefined when the step cannot be used, which has been reported then. */
export function readVerb(verb: VerbName, value: YamlNode | undefined, reading: StepReading): StepDraft | undefined {
  return VERBS[verb].read(value, reading);
}

/** Returns whether the key of a step goes with the verb. */
export function goesWith(key: StepKey, verb: VerbName): boolean {
  return VERBS[verb].keys.includes(key);
}

/** Returns the keys of a step that go with the verb, beside `id`, `if` and the verb itself; undefined when no verb has this name. */
export function keysBeside(verb: string): readonly string[] | undefined {
  return VERB_NAMES.some((name) => name === verb) ? VERBS[verb as VerbName].keys : undefined;
}

/** Returns the lists of steps that a step contains, in the order of the file. */
export function innerSteps(step: StepDraft): readonly InnerSteps[] {
  return step.verb === 'unknown' ? [] : (verbOf(step).inner?.(step) ?? []);
}

/** Yields all steps in the order of the file: each step before its inner steps. */
export function* allSteps(steps: readonly StepDraft[]): Generator<StepDraft> {
  for (const step of steps) {
    yield step;
    for (const inner of innerSteps(step)) yield* allSteps(inner.steps);
  }
}

/** Yields all steps of a flow: those of `steps`, then those of `catch`. */
export function* stepsOf(flow: {
  readonly steps: readonly StepDraft[];
  readonly catch?: readonly StepDraft[];
}): Generator<StepDraft> {
  yield* allSteps(flow.steps);
  if (flow.catch) yield* allSteps(flow.catch);
}

/** Returns the values of a step that may contain expressions, without those of its inner steps. */
export function valuesOf(step: StepDraft): readonly StepValue[] {
  const own = step.verb === 'unknown' ? [] : verbOf(step).values(step);
  return step.if ? [{ node: step.if, key: 'if', kind: 'condition' }, ...own] : own;
}

/** Returns what the step does in place of going on, as a part of a message; undefined when the next step can run after it. */
export function endOf(step: StepDraft): string | undefined {
  if (step.if !== undefined || step.verb === 'unknown') return undefined;
  const { ends } = verbOf(step);
  if (ends !== undefined) return ends;
  const inner = innerSteps(step);
  // the list of a loop may be empty
  const never =
    inner.length > 0 && inner.every(({ kind, steps }) => kind !== 'item' && steps.some((one) => endOf(one) !== undefined));
  return never ? 'ends the run' : undefined;
}

/** Checks the names in a step against the plugins. */
export function checkNames(step: StepDraft, checking: StepChecking): void {
  if (step.verb !== 'unknown') verbOf(step).check?.(step, checking);
}

/** Returns the shape of a step's output; undefined when it has none. */
export function outputShape(step: StepDraft, shapes: StepShapes): Shape | undefined {
  return step.verb === 'unknown' ? undefined : verbOf(step).shape(step, shapes);
}

/** Builds the step of the model; undefined for a step that could not be read. */
export function buildVerb(step: StepDraft, building: StepBuilding): Step | undefined {
  return step.verb === 'unknown' ? undefined : verbOf(step).build(step, building);
}

/** Returns the JSON Schemas of the keys of a step that are verbs or go with verbs. */
export function verbSchemas(schemas: StepSchemas): Readonly<Record<string, JsonSchema>> {
  const verbs = VERB_NAMES.map((name) => [name, VERBS[name].schema(schemas)] as const);
  return { ...Object.fromEntries(verbs), ...STEP_KEYS };
}
