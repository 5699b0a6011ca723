import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import type { RunOutcome } from '@sluice/flow';

export interface CallReport {
  readonly flow: string;
  readonly step: string;
  readonly plugin: string;
  readonly action: string;
  readonly connection?: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly ms: number;
  /** From the beginning of the step to the beginning of the call. */
  readonly waitedMs: number;
  /** Absent: it went well. */
  readonly error?: ErrorView;
  /** Calls of this connection open on this host when this one ended, itself included, and the limit. */
  readonly inFlight: number;
  readonly limit: number;
}

/** Told what happens, for metrics and for the terminal. Must be quick and must not throw. */
export interface Observer {
  accepted(event: EventAttributes, ms: number): void;
  /** No flow or module that this host knows takes the type. */
  unrouted(event: EventAttributes): void;
  /** A hop has been settled; `outcome` when the run ended with it. */
  hop(flow: string, ms: number, outcome: RunOutcome | undefined): void;
  /** An event of a type that the flow does not take any more was dropped. */
  unwanted(flow: string): void;
  called(call: CallReport): void;
  parked(flow: string, error: ErrorView, event: EventAttributes): void;
}
