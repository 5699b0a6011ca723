import type { OnFailure, Priority, RetryPolicy } from '../model.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';

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
  /** A name, or one whole expression. */
  readonly connection?: ScalarNode;
  readonly with?: MapNode;
  readonly timeoutMs?: number;
  readonly priority: Priority;
  readonly retry?: RetryPolicy;
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

export interface ForEachDraft extends StepDraftCommon {
  readonly verb: 'forEach';
  /** Absent only when it has been reported. */
  readonly in?: ScalarNode;
  readonly as: string;
  readonly onFailure: OnFailure;
  readonly steps: readonly StepDraft[];
  readonly output?: YamlNode;
  readonly timeoutMs?: number;
}

export interface TryDraft extends StepDraftCommon {
  readonly verb: 'try';
  readonly steps: readonly StepDraft[];
  readonly catch: readonly StepDraft[];
  readonly timeoutMs?: number;
}

export interface CallDraft extends StepDraftCommon {
  readonly verb: 'call';
  /** The name of the called flow. */
  readonly flow: ScalarNode;
  readonly data?: YamlNode;
  readonly timeoutMs?: number;
  readonly onError: readonly OnErrorDraft[];
}

export interface EmitDraft extends StepDraftCommon {
  readonly verb: 'emit';
  readonly type: ScalarNode;
  readonly data?: YamlNode;
  readonly subject?: ScalarNode;
  readonly correlationid?: ScalarNode;
  readonly partitionkey?: ScalarNode;
  readonly datacontenttype?: ScalarNode;
  readonly afterMs?: number;
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

export interface RaiseDraft extends StepDraftCommon {
  readonly verb: 'raise';
  /** When absent: the error of the surrounding `catch` is raised again. */
  readonly error?: {
    readonly code: string;
    readonly codeNode: YamlNode;
    readonly fate: 'rejected' | 'fatal';
    readonly message: ScalarNode;
    readonly details?: YamlNode;
  };
}

/** A step whose grammar has no errors. */
export type KnownDraft =
  UseDraft | SetDraft | SwitchDraft | ForEachDraft | TryDraft | CallDraft | EmitDraft | ReplyDraft | StopDraft | RaiseDraft;

/** A step that could not be read, or whose verb comes with a later release: only its id and the ids of its inner steps are known. */
export interface UnknownDraft extends StepDraftCommon {
  readonly verb: 'unknown';
  /** Ids of the steps inside of this step. */
  readonly inner: readonly string[];
}

export type StepDraft = KnownDraft | UnknownDraft;
