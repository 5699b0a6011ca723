import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import type { RunOutcome, Scope } from '@sluice/flow';
import type { StepPath } from './runs/step-path.js';

export interface CallReport {
  readonly flow: string;
  readonly step: string;
  readonly plugin: string;
  readonly action: string;
  readonly connection?: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly ms: number;
  /** Milliseconds from the start of the step to the start of the call. */
  readonly waitedMs: number;
  /** Absent when the call succeeded. */
  readonly error?: ErrorView;
  /** Open calls of this connection on this host when this call ended, this one included, and the limit. */
  readonly inFlight: number;
  readonly limit: number;
}

/** The end of a run. */
export interface EndedRun {
  readonly run: string;
  readonly flow: string;
  readonly outcome: RunOutcome;
  /** Absent for a run that ended well. */
  readonly error?: ErrorView;
  /** Outputs of the steps outside of loops. */
  readonly steps: Readonly<Record<string, unknown>>;
}

/** A change of one step of a run. */
export type StepChange =
  /** `scope`: the values that the expressions of the step see. It changes with the run, so keep a copy. */
  | { readonly kind: 'begun'; readonly scope: Scope }
  /** The condition of the step is false. */
  | { readonly kind: 'skipped' }
  /** `error`: the failure of a call that `onError` has replaced by this output. */
  | { readonly kind: 'ended'; readonly output: unknown; readonly error?: ErrorView }
  | { readonly kind: 'failed'; readonly error: ErrorView };

export type StepReport = StepChange & { readonly run: string; readonly flow: string; readonly path: StepPath };

/** Receives reports for metrics and for the terminal. Its methods must be fast and must not throw. */
export interface Observer {
  accepted(event: EventAttributes, ms: number): void;
  /** Reports an event whose type no flow or module of this host takes. */
  unrouted(event: EventAttributes): void;
  /** Reports a settled hop, with `outcome` when the run ended with it. */
  hop(flow: string, ms: number, outcome: RunOutcome | undefined): void;
  /** Reports the end of a run once its effects are confirmed. Absent: nobody reads it. */
  ended?(run: EndedRun): void;
  /** Reports each change of each step, in the order of the run. Absent: nobody reads it, and the hops do no work for it. */
  step?(report: StepReport): void;
  /** Reports an event whose type the flow no longer takes. It is kept as unrouted, unless another flow has received it. */
  unwanted(flow: string): void;
  /** Reports an event that the flow does not take because its `trigger.where` is false. */
  filtered(flow: string): void;
  called(call: CallReport): void;
  parked(flow: string, error: ErrorView, event: EventAttributes): void;
}
