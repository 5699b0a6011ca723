import { createHash } from 'node:crypto';
import type { FlowDraft, StepDraft } from '../grammar/drafts.js';
import type { Deliver, Flow, FlowTrigger, SourceLocation, Settings, Step } from '../model.js';
import type { Texts } from '../texts.js';
import type { MapNode } from '../yaml/nodes.js';
import { Templates } from './templates.js';

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

  build(trigger: FlowTrigger, { vars, env, origin }: Pick<Flow, 'vars' | 'env' | 'origin'>): Flow {
    const { draft } = this;
    return {
      name: draft.name,
      ...(draft.description !== undefined && { description: draft.description }),
      location: this.locationOf(draft.nameNode.start),
      revision: revisionOf(origin.source, vars, env),
      origin,
      vars,
      env,
      trigger,
      deliver: this.buildDeliver(),
      journal: draft.journal,
      steps: this.buildSteps(draft.steps),
    };
  }

  private buildDeliver(): Deliver {
    const { deliver } = this.draft;
    return {
      ...(deliver.expiresMs !== undefined && { expiresMs: deliver.expiresMs }),
      ...(deliver.dedupe && { dedupe: { key: this.templates.text(deliver.dedupe.key), withinMs: deliver.dedupe.withinMs } }),
      retry: deliver.retry,
      retryGiven: deliver.retryNode !== undefined,
      maxBodyBytes: deliver.maxBodyBytes ?? this.settings.limits.eventBytes,
      onExhausted: deliver.onExhausted,
      onPark: 'continue',
    };
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
    switch (draft.verb) {
      case 'use':
        return {
          ...common,
          verb: 'use',
          plugin: draft.plugin,
          action: draft.action,
          ...(draft.connection && { connection: templates.text(draft.connection) }),
          with: templates.template(draft.with ?? EMPTY_MAP),
          ...(draft.timeoutMs !== undefined && { timeoutMs: draft.timeoutMs }),
          priority: draft.priority,
          onError: draft.onError.map(({ when, output }) => ({
            ...(when && { when: templates.condition(when) }),
            output: templates.template(output),
          })),
        };
      case 'set':
        return { ...common, verb: 'set', value: templates.template(draft.value) };
      case 'switch':
        return {
          ...common,
          verb: 'switch',
          cases: draft.cases.map(({ when, steps }) => ({ when: templates.condition(when), steps: this.buildSteps(steps) })),
          otherwise: this.buildSteps(draft.otherwise),
        };
      case 'emit':
        return {
          ...common,
          verb: 'emit',
          type: templates.text(draft.type),
          ...(draft.data && { data: templates.template(draft.data) }),
          ...(draft.subject && { subject: templates.text(draft.subject) }),
          ...(draft.correlationid && { correlationid: templates.text(draft.correlationid) }),
          ...(draft.partitionkey && { partitionkey: templates.text(draft.partitionkey) }),
          ...(draft.datacontenttype && { datacontenttype: templates.text(draft.datacontenttype) }),
        };
      case 'reply':
        return {
          ...common,
          verb: 'reply',
          status: templates.template(draft.status ?? DEFAULT_STATUS),
          headers: templates.template(draft.headers ?? EMPTY_MAP),
          ...(draft.data && { data: templates.template(draft.data) }),
        };
      case 'stop':
        return { ...common, verb: 'stop', ...(draft.reason && { reason: templates.text(draft.reason) }) };
      case 'unknown':
        return undefined;
    }
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

const EMPTY_MAP: MapNode = { kind: 'map', entries: [], start: 0, end: 0 };
const DEFAULT_STATUS = { kind: 'scalar', value: 200, style: 'plain', start: 0, end: 0 } as const;
