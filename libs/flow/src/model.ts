import type { FindingCode } from './codes.js';
import type { Condition, SourceLocation, Template, TextTemplate } from './evaluation.js';
import type { FlowTest } from './flow-tests.js';

export type { Condition, EvaluationContext, Scope, SourceLocation, Template, TextTemplate } from './evaluation.js';

/** A part of a file. Lines and columns are counted from 1, columns in UTF-16 units without a byte order mark; the end is exclusive. */
export interface SourceRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One replacement of a part of a file. An empty range inserts. */
export interface TextEdit {
  readonly range: SourceRange;
  readonly text: string;
}

/** One error or warning about a file, with its cure. */
export interface Finding extends SourceLocation {
  readonly endColumn: number;
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Text to paste in place of the wrong part. */
  readonly write?: string;
  /** An instruction, where there is no text to paste. */
  readonly do?: string;
  /**
   * The edits that carry out `write`, where a program can do it without guessing what the author meant. They do not overlap, they keep
   * comments and formatting, and the file then has no such finding at this place.
   */
  readonly fix?: readonly TextEdit[];
  /** The source line, for the caret. */
  readonly source?: string;
}

export interface RetryPolicy {
  /** Maximum tries of one step, including the first. */
  readonly attempts: number;
  readonly backoff: 'exponential' | 'fixed';
  readonly initialMs: number;
  readonly maxMs: number;
}

export interface Deliver {
  /** Runs with equal keys run one after another, over all hosts. When absent: runs are in no order. Excludes `concurrency`. */
  readonly key?: TextTemplate;
  /** The effect of a parked run on the later runs of its key: they go on, or wait until a person has replayed or dropped it. */
  readonly onPark: 'continue' | 'hold';
  /** Maximum runs in progress at once, over all hosts. When absent: as many as the hosts prefetch. */
  readonly concurrency?: number;
  readonly expiresMs?: number;
  readonly dedupe?: { readonly key: TextTemplate; readonly withinMs: number };
  readonly retry: RetryPolicy;
  /** True when the flow itself has `retry`; otherwise an action with `idempotent: no` is tried only once. */
  readonly retryGiven: boolean;
  readonly maxBodyBytes: number;
  readonly onExhausted: 'park' | 'drop';
}

/** Classes of calls into a connection; the most urgent is first. */
export const PRIORITIES = ['interactive', 'normal', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface OnError {
  readonly when?: Condition;
  readonly output: Template;
}

/** The fields that all steps have in common. */
export interface StepCommon {
  readonly id: string;
  readonly location: SourceLocation;
  readonly if?: Condition;
}

export interface UseStep extends StepCommon {
  readonly verb: 'use';
  readonly plugin: string;
  readonly action: string;
  /** Name of the connection, evaluated when the step begins. A name that does not exist fails the step with the fate `fatal`. */
  readonly connection?: TextTemplate;
  readonly with: Template;
  readonly timeoutMs?: number;
  readonly priority: Priority;
  /** Replaces `deliver.retry` as a whole. */
  readonly retry?: RetryPolicy;
  readonly onError: readonly OnError[];
}

export interface SetStep extends StepCommon {
  readonly verb: 'set';
  readonly value: Template;
}

export interface SwitchStep extends StepCommon {
  readonly verb: 'switch';
  readonly cases: readonly { readonly when: Condition; readonly steps: readonly Step[] }[];
  readonly otherwise: readonly Step[];
}

export interface EmitStep extends StepCommon {
  readonly verb: 'emit';
  readonly type: TextTemplate;
  readonly data?: Template;
  readonly subject?: TextTemplate;
  readonly correlationid?: TextTemplate;
  readonly partitionkey?: TextTemplate;
  readonly datacontenttype?: TextTemplate;
  /** Milliseconds by which the event is delayed; the delay is durable. When absent: no delay. */
  readonly afterMs?: number;
}

export interface ReplyStep extends StepCommon {
  readonly verb: 'reply';
  readonly status: Template;
  readonly headers: Template;
  readonly data?: Template;
}

export interface StopStep extends StepCommon {
  readonly verb: 'stop';
  readonly reason?: TextTemplate;
}

/** The effect of a failed item on its block: the other items still run, no further item begins, or the block succeeds. */
export type OnFailure = 'finish' | 'stop' | 'continue';

/** Runs its steps once for each item of a list, in order. */
export interface ForEachStep extends StepCommon {
  readonly verb: 'forEach';
  /** One whole expression; a value other than a list fails the step with `FOREACH_NOT_LIST`. */
  readonly in: Template;
  /** Name of the root under which expressions read the item. */
  readonly as: string;
  readonly onFailure: OnFailure;
  readonly steps: readonly Step[];
  /** Result of an item. When absent: the output of the last inner step that has one. */
  readonly output?: Template;
  /** Time from the start of the step, over all items. */
  readonly timeoutMs?: number;
}

export interface TryStep extends StepCommon {
  readonly verb: 'try';
  readonly steps: readonly Step[];
  readonly catch: readonly Step[];
  /** Time from the start of the step. The step does not catch its own timeout. */
  readonly timeoutMs?: number;
}

/** Runs another flow, and waits for its first reply or its end. */
export interface CallStep extends StepCommon {
  readonly verb: 'call';
  /** Name of a flow with the trigger `flow`. */
  readonly flow: string;
  readonly data?: Template;
  readonly timeoutMs?: number;
  readonly onError: readonly OnError[];
}

export interface RaiseStep extends StepCommon {
  readonly verb: 'raise';
  /** When absent: the error that the surrounding `catch` handles is raised again. */
  readonly error?: {
    readonly code: string;
    readonly fate: 'rejected' | 'fatal';
    readonly message: TextTemplate;
    readonly details?: Template;
  };
}

export type Step =
  UseStep | SetStep | SwitchStep | ForEachStep | TryStep | CallStep | EmitStep | ReplyStep | StopStep | RaiseStep;

/** The source of the events that start the runs of a flow. `where` is evaluated when an event is accepted; an event for which it is false is not taken. */
export type FlowTrigger = { readonly where?: Condition } & TriggerSource;

export type TriggerSource =
  | { readonly kind: 'event'; readonly types: readonly string[]; readonly from: 'new' | 'stored' }
  | {
      readonly kind: 'schedule';
      /** Five fields: minute, hour, day of the month, month, day of the week. */
      readonly cron: string;
      /** IANA name of the time zone of `cron`. */
      readonly timezone: string;
      /** What happens to an instant that passed while no host ran: nothing, or one run for the last one. */
      readonly missed: 'skip' | 'run';
    }
  /** Called by `call` steps and by plugins. `input`: JSON Schema of the data. */
  | { readonly kind: 'flow'; readonly input?: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'plugin';
      readonly plugin: string;
      readonly trigger: string;
      readonly connection?: string;
      /** The options as the trigger's schema parsed them. */
      readonly options: unknown;
      /** Values of secret options, to be masked in each text that leaves the process; absent when the trigger has no secret options. */
      readonly secrets?: readonly string[];
    };

/**
 * The runs of a flow that get rows in the journal: all of them, those that did more than filter, or none. `full`: all, and the inputs and
 * outputs of their steps are recorded.
 */
export const JOURNAL_MODES = ['all', 'changes', 'off', 'full'] as const;
export type JournalMode = (typeof JOURNAL_MODES)[number];

/** A flow that is ready to run: its names are resolved, its expressions compiled, its defaults filled in. */
export interface Flow {
  readonly name: string;
  readonly description?: string;
  readonly location: SourceLocation;
  /** Hash of the text of the flow, of `vars` and of `env`. Each run carries it. */
  readonly revision: string;
  /** What `compileRevision` needs to compile this revision later. */
  readonly origin: FlowOrigin;
  /** Values of the constants of the workspace and of the flow. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** The environment variables that its steps may read as `env.NAME`. */
  readonly env: Readonly<Record<string, string>>;
  readonly trigger: FlowTrigger;
  readonly deliver: Deliver;
  readonly journal: JournalMode;
  /** The text that people search by. Evaluated when a run begins; at most {@link MAX_NOTE_LENGTH} characters are kept. */
  readonly note?: TextTemplate;
  readonly steps: readonly Step[];
  /** Steps that run after a failure that no step has handled. */
  readonly catch?: readonly Step[];
  readonly tests: readonly FlowTest[];
}

/** The text of a flow and of the constants that it reads. It contains names of environment variables, and never their values. */
export interface FlowOrigin {
  /** The text of the YAML document. */
  readonly source: string;
  /** `vars` of sluice.yaml as JSON, before its expressions are evaluated. */
  readonly constants: string;
}

/** Maximum characters of a run's note. */
export const MAX_NOTE_LENGTH = 200;

export interface CalendarWindow {
  /** Minutes after midnight, up to 1440 (the end of the day). When `to` is smaller than `from`, the window crosses midnight. */
  readonly from: number;
  readonly to: number;
  /** Days of the week on which the window begins, 1 (Monday) to 7. When absent: each day. */
  readonly days?: readonly number[];
  /** Dates on which the window begins, `YYYY-MM-DD`. When absent: each date. */
  readonly dates?: readonly string[];
  /** The only class that the window limits. When absent: all classes. */
  readonly priority?: Priority;
  readonly concurrency?: number;
  readonly rate?: Rate;
  readonly reason?: string;
}

export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export interface PaceConfig {
  readonly concurrency: { readonly start: number; readonly max: number; readonly adaptive: boolean };
  readonly rate?: Rate;
  readonly latencyTargetMs: number;
  /** Integer percentages, whose sum is 100. */
  readonly shares: Readonly<Record<Priority, number>>;
  readonly breaker: { readonly failures: number; readonly withinMs: number; readonly probeMs: number };
  readonly crashGraceMs: number;
  readonly calendar: readonly CalendarWindow[];
  /** IANA name of the calendar's time zone; present when the calendar has windows. */
  readonly timezone?: string;
}

export interface ConnectionSpec {
  readonly name: string;
  readonly plugin: string;
  readonly location: SourceLocation;
  /** The options as the plugin's schema parsed them; the plugin's `open` receives them. */
  readonly config: unknown;
  /** Values of secret fields, to be masked in each text that leaves the process. */
  readonly secrets: readonly string[];
  /** When absent, the connection is not paced: each host makes at most 16 calls at a time. */
  readonly pace?: PaceConfig;
}

export interface Issuer {
  readonly name: string;
  /** One secret, or two during a rotation; each has at least 32 bytes. */
  readonly secrets: readonly string[];
  readonly scopes: readonly string[];
  /** Patterns of event types that its tokens may publish. */
  readonly events: readonly string[];
  /**
   * Patterns of paths below `/in/` that its tokens may call.
   * When absent, and `events` limits the events of the issuer, its tokens may not call endpoints that require `events:write`.
   */
  readonly endpoints?: readonly string[];
  readonly topics: readonly string[];
  readonly extensions?: readonly string[];
  readonly groups?: readonly string[];
  /** Patterns of workplaces that its tokens may list. When absent: any. When present, a token without workplaces may name no workplace. */
  readonly workplaces?: readonly string[];
  readonly maxTtlMs: number;
}

export interface Settings {
  readonly timezone?: string;
  readonly country: string;
  readonly limits: {
    readonly eventBytes: number;
    readonly hops: number;
    /** Maximum bytes of parked runs for one issuer, or for one flow whose events have no issuer. */
    readonly parkedBytes: number;
    /** Maximum bytes of recorded inputs and outputs of steps, over all flows; the oldest are deleted. */
    readonly stepsBytes: number;
  };
  readonly retention: {
    readonly journalMs: number;
    readonly parkedMs: number;
    readonly mailboxMs: number;
    /** Of the inputs and outputs of steps, in flows with `journal: full`. */
    readonly stepsMs: number;
  };
  readonly rabbit: {
    /** RabbitMQ's `consumer_timeout`: RabbitMQ requeues a delivery that was not acknowledged within this time. */
    readonly consumerTimeoutMs: number;
  };
}

/** A compiled workspace: all flows, connections and settings that a host runs. */
export interface Workspace {
  readonly plugins: readonly string[];
  readonly settings: Settings;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly issuers: readonly Issuer[];
  readonly connections: ReadonlyMap<string, ConnectionSpec>;
  readonly flows: readonly Flow[];
  /** The environment variables that steps may read as `env.NAME`. */
  readonly env: Readonly<Record<string, string>>;
}

/** A file as read from the disk. */
export interface SourceFile {
  /** Path relative to the workspace, with forward slashes, as findings show it. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Ways a run can end. */
export type RunOutcome = 'done' | 'stopped' | 'caught' | 'parked' | 'dropped' | 'expired' | 'duplicate';
