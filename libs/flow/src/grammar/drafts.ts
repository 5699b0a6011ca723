import type { Priority, RetryPolicy } from '../model.js';
import type { Report } from '../report.js';
import type { ListNode, MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';

/** A flow as written: its grammar has been checked, its names and expressions not yet. */
export interface FlowDraft {
  readonly report: Report;
  readonly name: string;
  readonly nameNode: ScalarNode;
  /** The text of the YAML document; the revision is its hash. */
  readonly text: string;
  readonly description?: string;
  readonly vars?: MapNode;
  readonly trigger: TriggerDraft;
  readonly deliver: DeliverDraft;
  readonly journal: 'all' | 'changes' | 'off';
  readonly steps: readonly StepDraft[];
  readonly tests?: ListNode;
  /** True when the flow has errors or keys of a later release: checks that need the whole flow must be skipped. */
  readonly partial: boolean;
}

export type TriggerDraft =
  | { readonly kind: 'event'; readonly types: readonly ScalarNode[]; readonly from: 'new' | 'stored' }
  | {
      readonly kind: 'plugin';
      readonly use: ScalarNode;
      readonly plugin: string;
      readonly trigger: string;
      readonly connection?: ScalarNode;
      readonly with?: MapNode;
    }
  | { readonly kind: 'unknown' };

export interface DeliverDraft {
  readonly expiresMs?: number;
  readonly dedupe?: { readonly key: ScalarNode; readonly withinMs: number };
  readonly retry: RetryPolicy;
  /** The node of `retry`, when the flow has one. */
  readonly retryNode?: YamlNode;
  readonly maxBodyBytes?: number;
  readonly onExhausted: 'park' | 'drop';
}

/** The fields that all steps have in common. */
export interface StepDraftCommon {
  readonly id: string;
  readonly idNode: ScalarNode;
  readonly if?: ScalarNode;
}

export interface OnErrorDraft {
  readonly when?: ScalarNode;
  readonly output: YamlNode;
}

export interface UseDraft extends StepDraftCommon {
  readonly verb: 'use';
  readonly use: ScalarNode;
  readonly plugin: string;
  readonly action: string;
  readonly connection?: ScalarNode;
  readonly with?: MapNode;
  readonly timeoutMs?: number;
  readonly priority: Priority;
  readonly onError: readonly OnErrorDraft[];
}

export interface SetDraft extends StepDraftCommon {
  readonly verb: 'set';
  readonly value: YamlNode;
}

export interface SwitchDraft extends StepDraftCommon {
  readonly verb: 'switch';
  readonly cases: readonly { readonly when: ScalarNode; readonly steps: readonly StepDraft[] }[];
  readonly otherwise: readonly StepDraft[];
}

export interface EmitDraft extends StepDraftCommon {
  readonly verb: 'emit';
  readonly type: ScalarNode;
  readonly data?: YamlNode;
  readonly subject?: ScalarNode;
  readonly correlationid?: ScalarNode;
  readonly partitionkey?: ScalarNode;
  readonly datacontenttype?: ScalarNode;
}

export interface ReplyDraft extends StepDraftCommon {
  readonly verb: 'reply';
  readonly status?: ScalarNode;
  readonly headers?: MapNode;
  readonly data?: YamlNode;
}

export interface StopDraft extends StepDraftCommon {
  readonly verb: 'stop';
  readonly reason?: ScalarNode;
}

/** A step that could not be read, or whose verb comes with a later release: only its id and the ids of its inner steps are known. */
export interface UnknownDraft extends StepDraftCommon {
  readonly verb: 'unknown';
  /** Ids of the steps inside of this step. */
  readonly inner: readonly string[];
}

export type StepDraft = UseDraft | SetDraft | SwitchDraft | EmitDraft | ReplyDraft | StopDraft | UnknownDraft;

/** Returns the lists of steps that a step contains. */
export function innerSteps(step: StepDraft): readonly (readonly StepDraft[])[] {
  return step.verb === 'switch' ? [...step.cases.map((one) => one.steps), step.otherwise] : [];
}

/** Yields all steps in the order of the file: each step before its inner steps. */
export function* allSteps(steps: readonly StepDraft[]): Generator<StepDraft> {
  for (const step of steps) {
    yield step;
    for (const inner of innerSteps(step)) yield* allSteps(inner);
  }
}
