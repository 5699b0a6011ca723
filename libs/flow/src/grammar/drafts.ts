import type { JournalMode, RetryPolicy } from '../model.js';
import type { Report } from '../report.js';
import type { StepDraft } from '../verbs/drafts.js';
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
  readonly journal: JournalMode;
  /** A text template. */
  readonly note?: ScalarNode;
  readonly steps: readonly StepDraft[];
  readonly catch?: readonly StepDraft[];
  readonly tests?: ListNode;
  /** True when the flow has errors or keys of a later release: checks that need the whole flow must be skipped. */
  readonly partial: boolean;
}

/** `where`: a condition. */
export type TriggerDraft = { readonly where?: ScalarNode } & TriggerSourceDraft;

export type TriggerSourceDraft =
  | { readonly kind: 'event'; readonly types: readonly ScalarNode[]; readonly from: 'new' | 'stored' }
  | {
      readonly kind: 'schedule';
      readonly use: ScalarNode;
      readonly cron: string;
      /** When absent: `settings.timezone`. */
      readonly timezone?: string;
      readonly missed: 'skip' | 'run';
    }
  | { readonly kind: 'flow'; readonly use: ScalarNode; readonly input?: MapNode }
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
  /** A text template. */
  readonly key?: ScalarNode;
  readonly concurrency?: number;
  readonly onPark: 'continue' | 'hold';
  readonly expiresMs?: number;
  readonly dedupe?: { readonly key: ScalarNode; readonly withinMs: number };
  readonly retry: RetryPolicy;
  /** The node of `retry`, when the flow has one. */
  readonly retryNode?: YamlNode;
  readonly maxBodyBytes?: number;
  readonly onExhausted: 'park' | 'drop';
}
