import type { AnyPlugin } from '@sluice/plugin-api';
import { actionOf } from '../contracts.js';
import { allSteps, innerSteps, type FlowDraft, type StepDraft } from '../grammar/drafts.js';
import type { Texts } from '../texts.js';
import { entryOf, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import type { StepSight, StepsView } from './expressions.js';
import { ANY, eitherShape, objectShape, samplesOf, shapeOfNode, shapeOfSchema, type Shape } from './shapes.js';

/** The position of a step among the others. */
interface Position {
  readonly step: StepDraft;
  readonly order: number;
  /** The branches that contain it, the outermost first. */
  readonly branches: readonly object[];
  /** The conditions of its execution: its own `if`, and those of its branches. */
  readonly conditions: readonly ScalarNode[];
}

/** The order of a flow's steps, and which results of other steps each step can read. */
export class StepOrder {
  private readonly positions = new Map<string, Position>();
  private readonly byStep = new Map<StepDraft, Position>();
  private readonly hidden = new Set<string>();
  private readonly shapes = new Map<StepDraft, Shape>();

  constructor(
    private readonly flow: FlowDraft,
    private readonly plugins: ReadonlyMap<string, AnyPlugin>,
    private readonly texts: Texts,
  ) {
    this.location(flow.steps, [], []);
    this.ids = [...this.positions.keys()];
    for (const step of allSteps(flow.steps)) if (step.verb === 'unknown') for (const id of step.inner) this.hidden.add(id);
  }

  /** The ids of all steps. */
  readonly ids: readonly string[];

  /** Returns the view that this step has of the other steps. */
  viewOf(step: StepDraft): StepsView {
    const here = this.byStep.get(step) as Position;
    const assured = new Set(here.conditions.flatMap((condition) => [...this.stepsRead(condition)]));
    const { ids } = this;
    return {
      // A getter, because only a cure needs the list, and a flow may have many steps.
      get names() {
        return ids.filter((id) => id !== step.id);
      },
      look: (id) => this.look(id, here, assured),
    };
  }

  private look(id: string, here: Position, assured: ReadonlySet<string>): StepSight | undefined {
    if (this.hidden.has(id)) return { kind: 'seen', shape: ANY, maybe: false };
    const there = this.positions.get(id);
    if (!there) return undefined;
    if (there.order >= here.order) return { kind: 'later' };
    const { verb } = there.step;
    if (verb === 'switch' || verb === 'reply' || verb === 'stop') return { kind: 'nothing', verb: `a ${verb}` };
    const certain = there.step.if === undefined && there.branches.every((branch) => here.branches.includes(branch));
    const maybe = !certain && !assured.has(id) && verb !== 'unknown';
    return { kind: 'seen', shape: this.shapeOf(there.step), maybe };
  }

  private shapeOf(step: StepDraft): Shape {
    const shape = this.shapes.get(step) ?? this.findShape(step);
    this.shapes.set(step, shape);
    return shape;
  }

  private findShape(step: StepDraft): Shape {
    if (step.verb === 'set') return shapeOfNode(step.value, `step "${step.id}"`, true);
    if (step.verb === 'emit') return objectShape(`step "${step.id}"`, { id: ANY, type: ANY });
    if (step.verb !== 'use') return ANY;
    const action = actionOf(this.plugins.get(step.plugin), step.action);
    const declared = action ? shapeOfSchema(action.output, `${step.plugin}.${step.action}`) : ANY;
    if (declared.kind === 'any')
      return this.learnShape(
        step.id,
        step.onError.map((entry) => entry.output),
      );
    return step.onError
      .map((entry) => shapeOfNode(entry.output, `step "${step.id}"`, false))
      .reduce((a, b) => eitherShape(a, b, `${step.plugin}.${step.action}`), declared);
  }

  /** Derives the shape of an answer without a schema from the samples in the flow's own tests. Without samples it is unknown. */
  private learnShape(id: string, fallbacks: readonly YamlNode[]): Shape {
    const samples = [...this.mockOutputs(id)];
    if (samples.length === 0) return ANY;
    const giver = samplesOf(id);
    return [...samples, ...fallbacks].map((node) => shapeOfNode(node, giver, false)).reduce((a, b) => eitherShape(a, b, giver));
  }

  private *mockOutputs(id: string): Generator<YamlNode> {
    for (const test of this.flow.tests?.items ?? []) {
      const mock = entryOf(entryOf(test, 'mocks')?.value, id)?.value;
      for (const one of mock?.kind === 'list' ? mock.items : mock ? [mock] : []) {
        const output = entryOf(one, 'output')?.value;
        if (output) yield output;
      }
    }
  }

  private location(steps: readonly StepDraft[], branches: readonly object[], conditions: readonly ScalarNode[]): void {
    for (const step of steps) {
      const own = step.if ? [...conditions, step.if] : conditions;
      const position = { step, order: this.byStep.size, branches, conditions: own };
      this.byStep.set(step, position);
      if (step.id !== '') this.positions.set(step.id, position);
      innerSteps(step).forEach((inner, index) => {
        const when = step.verb === 'switch' ? step.cases[index]?.when : undefined;
        this.location(inner, [...branches, inner], when ? [...own, when] : own);
      });
    }
  }

  private *stepsRead(condition: ScalarNode): Generator<string> {
    for (const { references } of this.texts.expressions(condition)) {
      for (const { path } of references) if (path[0] === 'steps' && path[1] !== undefined) yield path[1];
    }
  }
}
