import { isHostTrigger, opensConnections, triggerOf } from '../contracts.js';
import { allSteps, type FlowDraft, type StepDraft, type TriggerDraft } from '../grammar/drafts.js';
import { ExpressionCheck, type Visible } from '../lint/expressions.js';
import { checkReachable, checkUnused } from '../lint/graph.js';
import { checkPolicies } from '../lint/policies.js';
import { needZones } from '../lint/timezone.js';
import { ANY, eitherShape, objectShape, shapeOfSchema, type Shape } from '../lint/shapes.js';
import { StepOrder } from '../lint/steps-order.js';
import { checkTests } from '../lint/tests.js';
import type { Flow, FlowTrigger } from '../model.js';
import { textsOf, type Texts } from '../texts.js';
import type { MapNode } from '../yaml/nodes.js';
import { FlowBuilder } from './build-flow.js';
import type { WorkspaceTools } from './connections.js';
import type { Plugins } from './plugins.js';
import { checkSchema } from './schema-check.js';
import { refuseLiteralSecrets, secretValues } from './secrets.js';

/** The tools and values that all flows are compiled with. */
export interface FlowTools extends Pick<
  WorkspaceTools,
  'environment' | 'constants' | 'settings' | 'vars' | 'varsText' | 'varsShape'
> {
  readonly plugins: Plugins;
}

const ERROR_FIELDS = ['code', 'fate', 'message', 'step', 'connection', 'attempt', 'details', 'cause'] as const;
const RUN_SHAPE = objectShape('run', { id: ANY, flow: ANY, startedAt: ANY });
const ERROR_SHAPE = objectShape('error', Object.fromEntries(ERROR_FIELDS.map((name) => [name, ANY])));

/** Checks one flow, and compiles it when it has no errors. */
export class FlowCompiler {
  private readonly texts: Texts;
  private readonly expressions: ExpressionCheck;

  constructor(
    private readonly draft: FlowDraft,
    private readonly tools: FlowTools,
  ) {
    this.texts = textsOf(draft.report.source);
    this.expressions = new ExpressionCheck(this.texts, draft.report);
  }

  /** Returns the compiled flow; undefined when it has reported an error. */
  compile(): Flow | undefined {
    const { draft, tools } = this;
    const vars = this.compileVars();
    const env = tools.environment.inSteps();
    const visible: Visible = { vars: vars.shape, env };
    const trigger = this.compileTrigger(draft.trigger, { ...visible, env: tools.environment.atStart }, vars.value);
    const inDeliver: Visible = { ...visible, trigger: this.triggerShape() };
    this.expressions.values(draft.deliver.dedupe?.key, inDeliver);
    this.checkSteps(inDeliver);
    if (tools.settings.timezone === undefined) needZones(draft, this.texts);
    checkReachable(draft);
    if (!draft.partial) {
      checkUnused(draft, this.texts);
      checkPolicies(draft, tools.plugins.byName, trigger?.kind === 'plugin' ? trigger.options : undefined, tools.settings);
    }
    checkTests(draft, tools.plugins.byName, this.texts, this.expressions);
    if (!trigger || draft.partial || draft.report.hasErrors) return undefined;
    const origin = { source: draft.text, constants: tools.varsText };
    const constants = { vars: vars.value, env: env.values(), origin };
    return new FlowBuilder(draft, this.texts, tools.settings).build(trigger, constants);
  }

  private compileVars(): { readonly shape: Shape; readonly value: Readonly<Record<string, unknown>> } {
    const { draft, tools } = this;
    const { report } = draft;
    for (const { name, key } of draft.vars?.entries ?? []) {
      if (Object.hasOwn(tools.vars, name))
        report.error(key, 'FLOW_DUPLICATE', `sluice.yaml already has a constant "${name}"`, { do: 'rename one of the two' });
    }
    const shape = draft.vars ? withNames(tools.varsShape, draft.vars) : tools.varsShape;
    const before = report.findings.length;
    this.expressions.values(draft.vars, { env: tools.environment.inConstants });
    const own = report.hasErrorsAfter(before) ? undefined : tools.constants.evaluate(draft.vars, {}, this.texts, report);
    return { shape, value: { ...tools.vars, ...(own?.value as Record<string, unknown> | undefined) } };
  }

  private compileTrigger(
    draft: TriggerDraft,
    visible: Visible,
    vars: Readonly<Record<string, unknown>>,
  ): FlowTrigger | undefined {
    if (draft.kind === 'unknown') return undefined;
    if (draft.kind === 'event') return { kind: 'event', types: draft.types.map((type) => String(type.value)), from: draft.from };
    const { report } = this.draft;
    const { plugins, constants } = this.tools;
    const before = report.findings.length;
    this.expressions.values(draft.with, visible);
    const plugin = plugins.plugin(draft.plugin, draft.use, report, draft.trigger);
    const trigger = plugin && plugins.trigger(plugin, draft.trigger, draft.use, report);
    if (!plugin || !trigger) return undefined;
    plugins.connection(plugin, draft.connection, draft.use, !isHostTrigger(trigger), report);
    refuseLiteralSecrets(trigger.options, draft.with, this.texts, report);
    const evaluated = report.hasErrorsAfter(before) ? undefined : constants.evaluate(draft.with, vars, this.texts, report);
    const check = { schema: trigger.options, node: draft.with, what: 'with', at: draft.use, report, texts: this.texts };
    const checked = checkSchema({ ...check, evaluated });
    if (!checked) return undefined;
    const secrets = evaluated ? secretValues(trigger.options, draft.with, evaluated.value) : [];
    return {
      kind: 'plugin',
      plugin: draft.plugin,
      trigger: draft.trigger,
      ...(draft.connection && { connection: String(draft.connection.value) }),
      options: checked.data,
      ...(secrets.length > 0 && { secrets }),
    };
  }

  /** The shape of `trigger`: the attributes of the CloudEvent, its data and its metadata. */
  private triggerShape(): Shape {
    const { trigger: draft } = this.draft;
    const trigger = draft.kind === 'plugin' ? triggerOf(this.tools.plugins.byName.get(draft.plugin), draft.trigger) : undefined;
    const giver = draft.kind === 'plugin' ? `${draft.plugin}.${draft.trigger}` : 'trigger';
    const attributes = [
      'id',
      'source',
      'type',
      'subject',
      'time',
      'datacontenttype',
      'correlationid',
      'partitionkey',
      'traceparent',
      'authid',
    ];
    return objectShape('trigger', {
      ...Object.fromEntries(attributes.map((name) => [name, ANY])),
      data: trigger ? shapeOfSchema(trigger.output, giver) : ANY,
      meta: trigger?.meta ? shapeOfSchema(trigger.meta, giver) : ANY,
      // With `deliver.batch` of a later release, which has been reported, this would contain the events.
      ...(this.draft.partial && { batch: ANY }),
    });
  }

  private checkSteps(visible: Visible): void {
    const order = new StepOrder(this.draft, this.tools.plugins.byName, this.texts);
    for (const step of allSteps(this.draft.steps)) {
      this.checkStep(step, { ...visible, run: RUN_SHAPE, steps: order.viewOf(step) });
    }
  }

  private checkStep(step: StepDraft, visible: Visible): void {
    const { expressions } = this;
    expressions.condition(step.if, visible);
    switch (step.verb) {
      case 'use':
        expressions.values(step.with, visible);
        for (const { when, output } of step.onError) {
          expressions.condition(when, { ...visible, error: ERROR_SHAPE });
          expressions.values(output, { ...visible, error: ERROR_SHAPE });
        }
        this.checkUse(step);
        break;
      case 'set':
        expressions.values(step.value, visible);
        break;
      case 'switch':
        for (const { when } of step.cases) expressions.condition(when, visible);
        break;
      case 'emit':
        for (const node of [step.type, step.data, step.subject, step.correlationid, step.partitionkey, step.datacontenttype])
          expressions.values(node, visible);
        break;
      case 'reply':
        for (const node of [step.status, step.headers, step.data]) expressions.values(node, visible);
        break;
      case 'stop':
        expressions.values(step.reason, visible);
        break;
      case 'unknown':
    }
  }

  private checkUse(step: Extract<StepDraft, { verb: 'use' }>): void {
    const { report } = this.draft;
    const { plugins } = this.tools;
    const plugin = plugins.plugin(step.plugin, step.use, report, step.action);
    const action = plugin && plugins.action(plugin, step.action, step.use, report);
    if (!plugin || !action) return;
    plugins.connection(plugin, step.connection, step.use, opensConnections(plugin), report);
    checkSchema({ schema: action.input, node: step.with, what: 'with', at: step.use, report, texts: this.texts });
  }
}

/** Returns the shape of the workspace's constants together with those of the flow. */
function withNames(shared: Shape, own: MapNode): Shape {
  return eitherShape(shared, objectShape('vars', Object.fromEntries(own.entries.map(({ name }) => [name, ANY]))), 'vars');
}
