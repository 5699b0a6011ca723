import type { AnyPlugin } from '@sluice/plugin-api';
import type { Templates } from '../compile/templates.js';
import type { Plugins } from '../compile/plugins.js';
import type { Fields } from '../grammar/fields.js';
import type { JsonSchema, Member } from '../json-schema.js';
import type { Shape } from '../lint/shapes.js';
import type { Step, StepCommon } from '../model.js';
import type { Report } from '../report.js';
import type { Texts } from '../texts.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import type { StepDraft, StepDraftCommon } from './drafts.js';
import type { StepKey } from './step-keys.js';

/** A value of a step that may contain expressions. */
export interface StepValue {
  readonly node: YamlNode;
  /** The key of the value in messages. */
  readonly key: string;
  /** `condition`: one whole expression, true or false. `expression`, `list`: one whole expression. `type`: the type of an event. When absent: any value. */
  readonly kind?: 'condition' | 'expression' | 'list' | 'type';
  /** True when the value also sees the error of the step itself. */
  readonly seesError?: true;
  /** The value is evaluated after these inner steps, and sees what a further step at their end would see. */
  readonly after?: readonly StepDraft[];
}

/** A list of steps inside of a step. */
export interface InnerSteps {
  readonly steps: readonly StepDraft[];
  /**
   * - `case`: one of the step's cases runs;
   * - `body`: runs up to a failure, which the step's `handler` handles;
   * - `handler`: runs after a failure of the `body`, and sees the error;
   * - `item`: runs once for each item of a list.
   */
  readonly kind: 'case' | 'body' | 'handler' | 'item';
  /** Only of a case: its condition. */
  readonly when?: ScalarNode;
  /** True when the output of the last step is a part of the output of the step around the list. */
  readonly lastIsRead?: true;
}

/** The blocks around a list of steps. */
export interface Surroundings {
  /** Number of blocks around the list. */
  readonly depth: number;
  /** True inside of a `catch`. */
  readonly inCatch: boolean;
  /** Names of the items of the loops around the list, the outermost first. */
  readonly items: readonly string[];
}

/** What a verb needs to read its value. */
export interface StepReading {
  readonly fields: Fields;
  readonly common: StepDraftCommon;
  readonly report: Report;
  readonly around: Surroundings;
  /**
   * Reads a list of inner steps.
   * @param inside what the list has around it beside the blocks around the step itself
   */
  readonly readSteps: (
    node: YamlNode | undefined,
    key: string,
    inside?: Partial<Pick<Surroundings, 'inCatch' | 'items'>>,
  ) => StepDraft[];
}

/** What a verb needs to check the names in its step. */
export interface StepChecking {
  readonly report: Report;
  readonly texts: Texts;
  readonly plugins: Plugins;
}

/** What a verb needs to derive the shape of its output. */
export interface StepShapes {
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  /** Returns the outputs in the mocks of a step in the tests of the flow. */
  readonly mockOutputs: (id: string) => readonly YamlNode[];
  /** Returns the shape of another step's output; undefined when it has none. */
  readonly shapeOf: (step: StepDraft) => Shape | undefined;
  /** Returns the shape of the items of a loop. */
  readonly itemOf: (step: StepDraft) => Shape;
}

/** What a verb needs to build its step. */
export interface StepBuilding {
  readonly common: StepCommon;
  readonly templates: Templates;
  readonly buildSteps: (drafts: readonly StepDraft[]) => readonly Step[];
}

/** What a verb needs to describe its value to editors. */
export interface StepSchemas {
  readonly actions: readonly Member[];
  /** The schema of a list of steps. */
  readonly steps: JsonSchema;
}

/** One verb of the language: all that the compiler knows about its steps. A new verb is a module of this form in the table of `index.ts`. */
export interface Verb<Draft extends StepDraftCommon, Built extends Step> {
  /** The keys of the step that go with this verb, beside `id`, `if` and the verb itself. */
  readonly keys: readonly StepKey[];
  /** What the step does in place of going on, for messages: "ends the run". Absent when the next step can run after it. */
  readonly ends?: string;
  /**
   * Reads the step and reports what is wrong with its grammar.
   * @param value the value of the verb; undefined when it is empty
   * @returns undefined when the step cannot be used; it has been reported then
   */
  read(value: YamlNode | undefined, reading: StepReading): Draft | undefined;
  /** Returns the values that may contain expressions, without `if` and without those of inner steps. */
  values(draft: Draft): readonly StepValue[];
  /** Returns the lists of inner steps in the order of the file. When absent: the verb has none. */
  inner?(draft: Draft): readonly InnerSteps[];
  /** Checks the names in the step against the plugins. */
  check?(draft: Draft, checking: StepChecking): void;
  /** Returns the shape of `steps.<id>`; undefined when the step has no output. */
  shape(draft: Draft, shapes: StepShapes): Shape | undefined;
  /** Returns the JSON Schema of the verb's value. */
  schema(schemas: StepSchemas): JsonSchema;
  /** Builds the step of the model from a draft without errors. */
  build(draft: Draft, building: StepBuilding): Built;
}
