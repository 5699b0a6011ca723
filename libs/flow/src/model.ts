/** Where something stands; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a file, with the cure. */
export interface Finding extends Place {
  readonly endColumn: number;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Text that can be pasted in place of what is wrong. */
  readonly write?: string;
  /** What to do where there is nothing to paste. */
  readonly do?: string;
  /** The source line, for the caret. */
  readonly source?: string;
}

/** What an expression sees (the roots of the language). `trigger.data` is an own property, and may be a getter. */
export interface Scope {
  readonly trigger?: Readonly<Record<string, unknown>>;
  readonly steps?: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly error?: unknown;
  readonly run?: { readonly id: string; readonly flow: string; readonly startedAt: string };
  /** Not a root: what the functions of the language need. */
  readonly context: EvaluationContext;
}

export interface EvaluationContext {
  /** `$now`, `$millis`: the time of the hop, in milliseconds since 1970. */
  readonly now: number;
  /** `$uuid([name])`: derived from run and step; without a name, from a count within the step. */
  readonly uuid: (name?: string) => string;
  /** `settings.timezone`. */
  readonly timezone?: string;
  /** `settings.country`. */
  readonly country: string;
}

/** A value of YAML with its expressions compiled. */
export interface Template {
  /** True when it holds no expression: `render` then gives the same value for every scope. */
  readonly constant: boolean;
  /**
   * The value; a promise only where an expression lies outside of the compiled subset. Keys and items that give `$omit` are left out.
   * Throws (or rejects with) a SluiceError `EXPR_…` that names the place.
   */
  render(scope: Scope): unknown;
}

/** One whole expression, or a literal `true` or `false`. */
export interface Condition {
  /** Throws (or rejects with) `EXPR_NOT_BOOLEAN`. */
  test(scope: Scope): boolean | Promise<boolean>;
}

/** A text, with or without expressions; always gives a text. */
export interface TextTemplate {
  readonly constant: boolean;
  text(scope: Scope): string | Promise<string>;
}

export interface RetryPolicy {
  /** Tries of one step, the first included. */
  readonly attempts: number;
  readonly backoff: 'exponential' | 'fixed';
  readonly initialMs: number;
  readonly maxMs: number;
}

export interface Deliver {
  readonly expiresMs?: number;
  readonly dedupe?: { readonly key: TextTemplate; readonly withinMs: number };
  readonly retry: RetryPolicy;
  /** True when the flow says `retry` itself; otherwise an action with `idempotent: no` is tried once. */
  readonly retryGiven: boolean;
  readonly maxBodyBytes: number;
  readonly onExhausted: 'park' | 'drop';
}

/** Classes of calls into a connection, the most urgent first. */
export const PRIORITIES = ['interactive', 'normal', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface OnError {
  readonly when?: Condition;
  readonly output: Template;
}

interface StepCommon {
  readonly id: string;
  readonly place: Place;
  readonly if?: Condition;
}

export interface UseStep extends StepCommon {
  readonly verb: 'use';
  readonly plugin: string;
  readonly action: string;
  readonly connection?: string;
  readonly with: Template;
  readonly timeoutMs?: number;
  readonly priority: Priority;
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

export type Step = UseStep | SetStep | SwitchStep | EmitStep | ReplyStep | StopStep;

export type FlowTrigger =
  | { readonly kind: 'event'; readonly types: readonly string[]; readonly from: 'new' | 'stored' }
  | {
      readonly kind: 'plugin';
      readonly plugin: string;
      readonly trigger: string;
      readonly connection?: string;
      /** Parsed by the trigger's schema. */
      readonly options: unknown;
      /** Values of secret options, to be masked wherever text leaves the process; absent when there are none. */
      readonly secrets?: readonly string[];
    };

/** A flow that may run: every name resolved, every expression compiled, every default filled in. */
export interface Flow {
  readonly name: string;
  readonly description?: string;
  readonly place: Place;
  /** Hash of the flow's text: travels with its runs. */
  readonly revision: string;
  /** Constants of the workspace and of the flow, evaluated. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly trigger: FlowTrigger;
  readonly deliver: Deliver;
  readonly journal: 'all' | 'changes' | 'off';
  readonly steps: readonly Step[];
}

export interface CalendarWindow {
  /** Minutes after midnight; `to` may be smaller than `from` (crosses midnight); 1440 is the end of the day. */
  readonly from: number;
  readonly to: number;
  /** 1 (Monday) to 7: the day on which the window begins. Absent: every day. */
  readonly days?: readonly number[];
  /** `YYYY-MM-DD`: only on these. */
  readonly dates?: readonly string[];
  /** Only this class; absent: all. */
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
  /** Whole percents, sum 100. */
  readonly shares: Readonly<Record<Priority, number>>;
  readonly breaker: { readonly failures: number; readonly withinMs: number; readonly probeMs: number };
  readonly crashGraceMs: number;
  readonly calendar: readonly CalendarWindow[];
  /** IANA name, of the calendar; present when the calendar has windows. */
  readonly timezone?: string;
}

export interface ConnectionSpec {
  readonly name: string;
  readonly plugin: string;
  readonly place: Place;
  /** Parsed by the plugin's schema: what `open` gets. */
  readonly config: unknown;
  /** Values of secret fields, to be masked wherever text leaves the process. */
  readonly secrets: readonly string[];
  /** Absent: the connection is not paced; at most 16 calls at once on each host. */
  readonly pace?: PaceConfig;
}

export interface Issuer {
  readonly name: string;
  /** One, or two while rotating; at least 32 bytes each. */
  readonly secrets: readonly string[];
  readonly scopes: readonly string[];
  /** Patterns of event types that its tokens may publish. */
  readonly events: readonly string[];
  /** Patterns of paths below `/in/` that its tokens may call. Absent: none that asks for `events:write`, when `events` bounds its events. */
  readonly endpoints?: readonly string[];
  readonly topics: readonly string[];
  readonly extensions?: readonly string[];
  readonly groups?: readonly string[];
  /** Patterns of workplaces that its tokens may list. Absent: any. Present: a token that lists no workplace may name none. */
  readonly workplaces?: readonly string[];
  readonly maxTtlMs: number;
}

export interface Settings {
  readonly timezone?: string;
  readonly country: string;
  readonly limits: {
    readonly eventBytes: number;
    readonly hops: number;
    /** Failed runs that one issuer, or one flow whose events have no issuer, may have parked. */
    readonly parkedBytes: number;
  };
  readonly retention: { readonly journalMs: number; readonly parkedMs: number; readonly mailboxMs: number };
  readonly rabbit: {
    /** RabbitMQ's `consumer_timeout`: it takes a delivery back that was not acknowledged for so long. */
    readonly consumerTimeoutMs: number;
  };
}

/** Everything that a host runs. */
export interface Workspace {
  readonly plugins: readonly string[];
  readonly settings: Settings;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly issuers: readonly Issuer[];
  readonly connections: ReadonlyMap<string, ConnectionSpec>;
  readonly flows: readonly Flow[];
  /** What steps may read as `env.NAME`. */
  readonly env: Readonly<Record<string, string>>;
}

/** A file as read from the disk. */
export interface SourceFile {
  /** As findings name it, relative to the workspace, with forward slashes. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Ways a run can end. */
export type RunOutcome = 'done' | 'stopped' | 'parked' | 'dropped' | 'expired' | 'duplicate';
