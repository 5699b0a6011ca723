import type { AnyPlugin } from '@sluice/plugin-api';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Texts } from '../texts.js';
import { endOf, innerSteps, outputShape, stepsOf, type StepDraft, type StepShapes } from '../verbs/index.js';
import { entryOf, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import type { StepSight, StepsView, Visible } from './expressions.js';
import { shapeOfPart } from './expression-shape.js';
import { ANY, ERROR_SHAPE, objectShape, type Shape } from './shapes.js';

/** A list of steps inside of a step. */
interface Block {
  readonly steps: readonly StepDraft[];
  /** The loop whose items the steps run for. */
  readonly loop?: StepDraft;
  /** True in a handler. */
  readonly seesError?: true;
  /** The handler of these steps, when it never goes on to the steps after the block. Elsewhere the steps have run. */
  readonly escape?: readonly StepDraft[];
}

/** The position of a step, or of a value after a list of steps, among the steps. */
interface Position {
  readonly step: StepDraft;
  readonly order: number;
  /** The blocks that contain it, the outermost first. */
  readonly blocks: readonly Block[];
  /** The conditions of its execution: its own `if`, and those of its blocks. */
  readonly conditions: readonly ScalarNode[];
}

const RUN_SHAPE = objectShape('run', { id: ANY, flow: ANY, startedAt: ANY });
const LOOP_SHAPE = objectShape('loop', { index: ANY, total: ANY });

/** The order of a flow's steps, and the names that the expressions of each step can read. */
export class StepOrder {
  private readonly positions = new Map<string, Position>();
  private readonly byStep = new Map<StepDraft, Position>();
  /** The positions after the lists of inner steps. */
  private readonly ends = new Map<readonly StepDraft[], Position>();
  private readonly hidden = new Set<string>();
  private readonly shapes = new Map<StepDraft, Shape | undefined>();
  private readonly items = new Map<StepDraft, Shape>();
  private readonly context: StepShapes;
  private count = 0;

  /**
   * @param base the roots that all steps can read, beside `run` and `steps`
   * @param tests the tests of the flow, whose mocks are samples of answers
   */
  constructor(
    flow: FlowDraft,
    plugins: ReadonlyMap<string, AnyPlugin>,
    private readonly texts: Texts,
    private readonly base: Visible,
    private readonly tests: readonly YamlNode[],
  ) {
    // from the handler of the flow, each of its steps may have been skipped
    this.place(flow.steps, [{ steps: flow.steps }], []);
    if (flow.catch) this.place(flow.catch, [{ steps: flow.catch, seesError: true }], []);
    this.ids = [...this.positions.keys()];
    for (const step of stepsOf(flow)) if (step.verb === 'unknown') for (const id of step.inner) this.hidden.add(id);
    this.context = {
      plugins,
      mockOutputs: (id) => [...this.mockOutputs(id)],
      shapeOf: (step) => this.shapeOf(step),
      itemOf: (step) => this.itemOf(step),
    };
  }

  /** The ids of all steps. */
  readonly ids: readonly string[];

  /** Returns the names that the expressions of this step can read. */
  visible(step: StepDraft): Visible {
    return this.visibleAt(this.byStep.get(step) as Position);
  }

  /** Returns the names that the `if` of this step can read. */
  visibleInCondition(step: StepDraft): Visible {
    const here = this.byStep.get(step) as Position;
    return this.visibleAt({ ...here, conditions: here.conditions.filter((condition) => condition !== step.if) }, true);
  }

  /** Returns the names that an expression after these inner steps can read. */
  visibleAfter(steps: readonly StepDraft[]): Visible {
    return this.visibleAt(this.ends.get(steps) as Position);
  }

  private visibleAt(here: Position, inOwnCondition = false): Visible {
    const loops = here.blocks.flatMap(({ loop }) => (loop?.verb === 'forEach' ? [loop] : []));
    return {
      ...this.base,
      run: RUN_SHAPE,
      steps: this.viewFrom(here, inOwnCondition),
      ...(here.blocks.some(({ seesError }) => seesError) && { error: ERROR_SHAPE }),
      ...(loops.length > 0 && { loop: LOOP_SHAPE, items: new Map(loops.map((loop) => [loop.as, this.itemOf(loop)])) }),
    };
  }

  private viewFrom(here: Position, inOwnCondition: boolean): StepsView {
    const assured = new Set(here.conditions.flatMap((condition) => [...this.stepsRead(condition)]));
    const { ids } = this;
    return {
      // A getter, because only a cure needs the list, and a flow may have many steps.
      get names() {
        return ids.filter((id) => id !== here.step.id);
      },
      look: (id) => this.look(id, here, assured),
      inOwnCondition,
    };
  }

  private look(id: string, here: Position, assured: ReadonlySet<string>): StepSight | undefined {
    if (this.hidden.has(id)) return { kind: 'seen', shape: ANY, maybe: false };
    const there = this.positions.get(id);
    if (!there) return undefined;
    // a step has its output only after its inner steps
    if (there.order >= here.order || here.blocks.some(({ loop }) => loop === there.step)) return { kind: 'later' };
    const around = new Set(here.blocks.map(({ steps }) => steps));
    const foreign = there.blocks.findLast(({ loop, steps }) => loop && !around.has(steps))?.loop;
    if (foreign) return { kind: 'item', loop: foreign.id };
    const { verb } = there.step;
    if (verb === 'unknown') return { kind: 'seen', shape: ANY, maybe: false };
    const shape = this.shapeOf(there.step);
    if (!shape) return { kind: 'nothing', verb: `a ${verb}` };
    const certain =
      there.step.if === undefined &&
      there.blocks.every(({ steps, escape }) => around.has(steps) || (escape !== undefined && !around.has(escape)));
    return { kind: 'seen', shape, maybe: !certain && !assured.has(id) };
  }

  private shapeOf(step: StepDraft): Shape | undefined {
    if (!this.shapes.has(step)) this.shapes.set(step, outputShape(step, this.context));
    return this.shapes.get(step);
  }

  private itemOf(loop: StepDraft): Shape {
    let shape = this.items.get(loop);
    if (shape === undefined) {
      shape = this.findItem(loop);
      this.items.set(loop, shape);
    }
    return shape;
  }

  private findItem(loop: StepDraft): Shape {
    const part = loop.verb === 'forEach' && loop.in ? this.texts.parse(loop.in)?.parts[0] : undefined;
    const list = part?.kind === 'expression' ? shapeOfPart(part, this.visible(loop)) : ANY;
    return list.kind === 'list' ? list.item : list;
  }

  private *mockOutputs(id: string): Generator<YamlNode> {
    for (const test of this.tests) {
      const mock = entryOf(entryOf(test, 'mocks')?.value, id)?.value;
      for (const one of mock?.kind === 'list' ? mock.items : mock ? [mock] : []) {
        const output = entryOf(one, 'output')?.value;
        if (output) yield output;
      }
    }
  }

  private place(steps: readonly StepDraft[], blocks: readonly Block[], conditions: readonly ScalarNode[]): void {
    for (const step of steps) {
      const own = step.if ? [...conditions, step.if] : conditions;
      const position = { step, order: this.count++, blocks, conditions: own };
      this.byStep.set(step, position);
      if (step.id !== '') this.positions.set(step.id, position);
      const lists = innerSteps(step);
      const handler = lists.find(({ kind }) => kind === 'handler')?.steps;
      const escape = step.if === undefined && handler?.some((one) => endOf(one) !== undefined) ? handler : undefined;
      for (const inner of lists) {
        const block: Block = {
          steps: inner.steps,
          ...(inner.kind === 'item' && { loop: step }),
          ...(inner.kind === 'handler' && { seesError: true }),
          ...(inner.kind === 'body' && escape && { escape }),
        };
        const within = [...blocks, block];
        const when = inner.when ? [...own, inner.when] : own;
        this.place(inner.steps, within, when);
        this.ends.set(inner.steps, { step, order: this.count, blocks: within, conditions: when });
      }
    }
  }

  private *stepsRead(condition: ScalarNode): Generator<string> {
    for (const { references } of this.texts.expressions(condition)) {
      for (const { path } of references) if (path[0] === 'steps' && path[1] !== undefined) yield path[1];
    }
  }
}
