import { isHostTrigger, triggerOf } from '../contracts.js';
import type { FlowDraft, TriggerDraft } from '../grammar/drafts.js';
import { checkConditions } from '../lint/conditions.js';
import { ExpressionCheck, type Visible } from '../lint/expressions.js';
import { checkReachable, checkUnused } from '../lint/graph.js';
import { checkFailures, checkPolicies } from '../lint/policies.js';
import { needZones } from '../lint/timezone.js';
import { ANY, eitherShape, ERROR_SHAPE, objectShape, shapeOfJson, shapeOfSchema, type Shape } from '../lint/shapes.js';
import { StepOrder } from '../lint/steps-order.js';
import { checkTests } from '../lint/tests.js';
import type { Flow, TriggerSource } from '../model.js';
import { textsOf, type Texts } from '../texts.js';
import { checkNames, stepsOf, valuesOf, type StepValue } from '../verbs/index.js';
import { toValue, type MapNode, type ScalarNode } from '../yaml/nodes.js';
import { FlowBuilder } from './build-flow.js';
import type { WorkspaceTools } from './connections.js';
import type { Plugins } from './plugins.js';
import { checkSchema } from './schema-check.js';
import { refuseLiteralSecrets, secretValues } from './secrets.js';
import type { TestSuite } from './test-files.js';

/** The tools and values that all flows are compiled with. */
export interface FlowTools extends Pick<
  WorkspaceTools,
  'environment' | 'constants' | 'settings' | 'vars' | 'varsText' | 'varsShape'
> {
  readonly plugins: Plugins;
  /** Called for each scalar that may contain expressions, and for the id of each step, with the roots that an expression there can read. */
  readonly seen?: (node: ScalarNode, visible: Visible) => void;
}

/** A flow without errors, with what its check has found out. */
export interface CheckedFlow {
  readonly trigger: TriggerSource;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Returns the environment variables that its expressions read. */
  readonly env: () => Readonly<Record<string, string>>;
}

/** Checks one flow, and compiles it when it has no errors. */
export class FlowCompiler {
  private readonly texts: Texts;
  private readonly expressions: ExpressionCheck;

  /** @param suites the tests of the flow in other files, whose mocks are samples of answers. They are not checked with the flow. */
  constructor(
    private readonly draft: FlowDraft,
    private readonly tools: FlowTools,
    private readonly suites: readonly TestSuite[] = [],
  ) {
    this.texts = textsOf(draft.report.source);
    this.expressions = new ExpressionCheck(this.texts, draft.report, tools.seen);
  }

  /** Returns the compiled flow; undefined when it has reported an error. */
  compile(): Flow | undefined {
    const checked = this.check();
    return checked && this.build(checked);
  }

  /** Compiles a flow that `check` has returned. */
  build({ trigger, vars, env }: CheckedFlow): Flow {
    const { draft, tools } = this;
    const origin = { source: draft.text, constants: tools.varsText };
    return new FlowBuilder(draft, this.texts, tools.settings).build(trigger, { vars, env: env(), origin }, this.allTests());
  }

  /** Checks the flow without its relations to other flows; returns undefined when it has an error. */
  check(): CheckedFlow | undefined {
    const { draft, tools } = this;
    const vars = this.compileVars();
    const env = tools.environment.inSteps();
    const visible: Visible = { vars: vars.shape, env };
    const trigger = this.compileTrigger(draft.trigger, { ...visible, env: tools.environment.atStart }, vars.value);
    const inDeliver: Visible = { ...visible, trigger: this.triggerShape() };
    this.expressions.condition(draft.trigger.where, inDeliver);
    for (const node of [draft.deliver.key, draft.deliver.dedupe?.key]) this.expressions.values(node, inDeliver, 'key');
    this.expressions.values(draft.note, inDeliver, 'note');
    this.checkSteps(inDeliver);
    if (tools.settings.timezone === undefined) needZones(draft, this.texts);
    checkReachable(draft);
    if (!draft.partial) {
      checkUnused(draft, this.texts);
      checkConditions(draft, this.texts);
      checkFailures(draft, this.texts);
      checkPolicies(draft, tools.plugins.byName, trigger?.kind === 'plugin' ? trigger.options : undefined, tools.settings);
    }
    checkTests(draft, this.ownTests(), tools.plugins.byName, tools.seen);
    if (!trigger || draft.partial || draft.report.hasErrors) return undefined;
    return { trigger, vars: vars.value, env: env.values };
  }

  private ownTests(): readonly TestSuite[] {
    const { report, tests } = this.draft;
    return tests ? [{ report, tests: tests.items }] : [];
  }

  private allTests(): readonly TestSuite[] {
    return [...this.ownTests(), ...this.suites];
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
  ): TriggerSource | undefined {
    switch (draft.kind) {
      case 'unknown':
        return undefined;
      case 'event':
        return { kind: 'event', types: draft.types.map((type) => String(type.value)), from: draft.from };
      case 'schedule':
        return this.compileSchedule(draft);
      case 'flow':
        return { kind: 'flow', ...(draft.input && { input: toValue(draft.input) as Readonly<Record<string, unknown>> }) };
      case 'plugin':
        return this.compilePluginTrigger(draft, visible, vars);
    }
  }

  private compileSchedule(draft: Extract<TriggerDraft, { kind: 'schedule' }>): TriggerSource | undefined {
    const { cron, missed } = draft;
    const timezone = draft.timezone ?? this.tools.settings.timezone;
    if (timezone !== undefined) return { kind: 'schedule', cron, timezone, missed };
    this.draft.report.error(draft.use, 'SETTING_TIMEZONE', 'a schedule needs a time zone', {
      do: 'write timezone: Europe/Moscow under with, or add settings: { timezone: Europe/Moscow } to sluice.yaml',
    });
    return undefined;
  }

  private compilePluginTrigger(
    draft: Extract<TriggerDraft, { kind: 'plugin' }>,
    visible: Visible,
    vars: Readonly<Record<string, unknown>>,
  ): TriggerSource | undefined {
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
    if (draft.kind === 'schedule')
      return this.eventShape(objectShape('the trigger schedule', { scheduled: ANY, fired: ANY }), ANY);
    if (draft.kind === 'flow')
      return this.eventShape(draft.input ? shapeOfJson(toValue(draft.input) as object, 'input of this flow') : ANY, ANY);
    const trigger = draft.kind === 'plugin' ? triggerOf(this.tools.plugins.byName.get(draft.plugin), draft.trigger) : undefined;
    const giver = draft.kind === 'plugin' ? `${draft.plugin}.${draft.trigger}` : 'trigger';
    return this.eventShape(
      trigger ? shapeOfSchema(trigger.output, giver) : ANY,
      trigger?.meta ? shapeOfSchema(trigger.meta, giver) : ANY,
    );
  }

  private eventShape(data: Shape, meta: Shape): Shape {
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
      data,
      meta,
      // With `deliver.batch` of a later release, which has been reported, this would contain the events.
      ...(this.draft.partial && { batch: ANY }),
    });
  }

  private checkSteps(base: Visible): void {
    const tests = this.allTests().flatMap((suite) => suite.tests);
    const order = new StepOrder(this.draft, this.tools.plugins.byName, this.texts, base, tests);
    const { report } = this.draft;
    const { plugins } = this.tools;
    for (const step of stepsOf(this.draft)) {
      const visible = order.visible(step);
      this.tools.seen?.(step.idNode, visible);
      for (const value of valuesOf(step)) {
        const ofValue = value.node === step.if ? order.visibleInCondition(step) : visible;
        this.checkValue(value, value.after ? order.visibleAfter(value.after) : ofValue);
      }
      checkNames(step, { report, texts: this.texts, plugins });
    }
  }

  private checkValue({ node, key, kind, seesError }: StepValue, around: Visible): void {
    const { expressions } = this;
    const visible = seesError ? { ...around, error: ERROR_SHAPE } : around;
    if (kind === undefined || node.kind !== 'scalar') expressions.values(node, visible);
    else if (kind === 'condition') expressions.condition(node, visible);
    else if (kind === 'type') expressions.values(node, visible, 'type');
    else if (kind === 'list') expressions.list(node, key, visible);
    else expressions.expression(node, key, visible);
  }
}

/** Returns the shape of the workspace's constants together with those of the flow. */
function withNames(shared: Shape, own: MapNode): Shape {
  return eitherShape(shared, objectShape('vars', Object.fromEntries(own.entries.map(({ name }) => [name, ANY]))), 'vars');
}
