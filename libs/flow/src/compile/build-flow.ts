import { createHash } from 'node:crypto';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Deliver, Flow, SourceLocation, Settings, Step, TriggerSource } from '../model.js';
import type { Texts } from '../texts.js';
import { buildVerb, type StepDraft } from '../verbs/index.js';
import type { FlowTest } from '../flow-tests.js';
import { Templates } from './templates.js';
import { TestBuilder } from './build-tests.js';
import type { TestSuite } from './test-files.js';

/** Builds the model of a flow that has no errors: fills in the defaults and compiles the expressions. */
export class FlowBuilder {
  private readonly templates: Templates;

  constructor(
    private readonly draft: FlowDraft,
    texts: Texts,
    private readonly settings: Settings,
  ) {
    this.templates = new Templates(texts);
  }

  build(source: TriggerSource, { vars, env, origin }: Pick<Flow, 'vars' | 'env' | 'origin'>, suites: readonly TestSuite[]): Flow {
    const { draft, templates } = this;
    const { where } = draft.trigger;
    return {
      name: draft.name,
      ...(draft.description !== undefined && { description: draft.description }),
      location: this.locationOf(draft.nameNode.start),
      revision: revisionOf(origin.source, vars, env),
      origin,
      vars,
      env,
      trigger: { ...source, ...(where && { where: templates.condition(where) }) },
      deliver: this.buildDeliver(),
      journal: draft.journal,
      ...(draft.note && { note: templates.text(draft.note) }),
      steps: this.buildSteps(draft.steps),
      ...(draft.catch && { catch: this.buildSteps(draft.catch) }),
      tests: this.buildTests(suites),
    };
  }

  private buildDeliver(): Deliver {
    const { deliver } = this.draft;
    return {
      ...(deliver.key && { key: this.templates.text(deliver.key) }),
      ...(deliver.concurrency !== undefined && { concurrency: deliver.concurrency }),
      onPark: deliver.onPark,
      ...(deliver.expiresMs !== undefined && { expiresMs: deliver.expiresMs }),
      ...(deliver.dedupe && { dedupe: { key: this.templates.text(deliver.dedupe.key), withinMs: deliver.dedupe.withinMs } }),
      retry: deliver.retry,
      retryGiven: deliver.retryNode !== undefined,
      maxBodyBytes: deliver.maxBodyBytes ?? this.settings.limits.eventBytes,
      onExhausted: deliver.onExhausted,
    };
  }

  private buildTests(suites: readonly TestSuite[]): FlowTest[] {
    return suites.flatMap(({ report, tests }) => {
      const builder = new TestBuilder(report.source, this.settings.timezone);
      return tests.map((test) => builder.build(test));
    });
  }

  private buildSteps(drafts: readonly StepDraft[]): Step[] {
    return drafts.map((draft) => this.buildStep(draft)).filter((step) => step !== undefined);
  }

  private buildStep(draft: StepDraft): Step | undefined {
    const { templates } = this;
    const common = {
      id: draft.id,
      location: this.locationOf(draft.idNode.start),
      ...(draft.if && { if: templates.condition(draft.if) }),
    };
    return buildVerb(draft, { common, templates, buildSteps: (inner) => this.buildSteps(inner) });
  }

  private locationOf(offset: number): SourceLocation {
    const { source } = this.draft.report;
    return { file: source.file, ...source.location(offset) };
  }
}

/** Values of the environment are only hashed: a program that is compiled later reads those of its time. */
function revisionOf(source: string, ...constants: readonly unknown[]): string {
  return createHash('sha256').update(source).update('\0').update(JSON.stringify(constants)).digest('hex').slice(0, 16);
}
