import { engineFail, type ErrorView, type EventAttributes, type SluiceError } from '@sluice/plugin-api';
import type { Priority, RetryPolicy } from '@sluice/flow';
import type { Frame } from './frames.js';
import type { StepPath } from './step-path.js';

/** Maximum bytes of a state. RabbitMQ 4 refuses messages above 16 MiB and closes the channel. */
export const STATE_LIMIT_BYTES = 8 * 1024 ** 2;

/** A pending call, with all data that any host needs to make it. For a `call` step the plugin is `flow`, and the action the flow's name. */
export interface PendingCall {
  readonly plugin: string;
  readonly action: string;
  readonly connection?: string;
  readonly priority: Priority;
  /** Rendered once, when the step began, so that every attempt sends the same data. */
  readonly input: unknown;
  /** Number of the next attempt, from 1. Waiting for an overloaded or closed 1C spends no attempt. */
  readonly attempt: number;
  /** Number of waits without spending an attempt. The pause grows with it. */
  readonly waits: number;
  readonly policy: RetryPolicy;
  /** Start of the step in milliseconds since 1970. */
  readonly since: number;
  /** The earliest end of the timeouts of the step and of the blocks around it, in milliseconds since 1970; absent without a timeout. */
  readonly deadline?: number;
  /** Id of the block whose timeout `deadline` is, or {@link CALLER_TIMEOUT}; absent when it is that of the step itself. */
  readonly deadlineOf?: string;
  /** Expiry of the event in milliseconds since 1970; absent when it does not expire. */
  readonly expiresAt?: number;
}

/** Code of a result without a call: the event had expired before its turn came. */
export const EXPIRED = 'EXPIRED';

export type StepResult = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: ErrorView };

/** A run between two hops, as it travels in a message beside the trigger's body. */
export interface RunState {
  readonly run: string;
  /** Number of replays. */
  readonly epoch: number;
  readonly flow: string;
  readonly revision: string;
  readonly event: EventAttributes;
  readonly startedAt: number;
  /** The blocks in which the run is, the outermost first; absent at the top level. */
  readonly frames?: readonly Frame[];
  /** Outputs of finished steps outside of loops. Each loop has those of its current item. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** True once the reply has been sent. */
  readonly replied?: boolean;
  /** Key of `deliver.dedupe` that this run holds. */
  readonly claim?: string;
  /**
   * The lane of the run in a flow with `deliver.key`, or its place in a flow with `deliver.concurrency`. The end of the run releases
   * it; a parked run with `hold` keeps it.
   */
  readonly lane?: { readonly key: string; readonly hold?: true };
  /** Lanes and places of the runs that wait for this one at a `call` step. */
  readonly holds?: readonly { readonly flow: string; readonly key: string }[];
  /** The text that people find the run by, from `note` of its flow; at most `MAX_NOTE_LENGTH` characters. */
  readonly note?: string;
  /**
   * `push`: the owner of the connection makes the call. `result`: the call has ended. `retry`: an unpaced call is repeated. `timer`: the
   * step's timeout has expired. `begin`: another flow has called this one. `continue`: a long hop goes on at `at`. `replay`: the run begins
   * again at `at`. `parked`: the run waits for a person.
   */
  readonly kind: 'push' | 'result' | 'retry' | 'timer' | 'begin' | 'continue' | 'replay' | 'parked';
  /** The current step of the run; absent before the first step. */
  readonly at?: StepPath;
  readonly call?: PendingCall;
  readonly result?: StepResult;
  readonly parked?: { readonly error: ErrorView; readonly at: number };
  /** The run that has called this one and waits for its first reply or its end; absent once it has received that. */
  readonly caller?: Caller;
}

/** A run that waits at a `call` step. */
export interface Caller {
  readonly run: string;
  readonly flow: string;
  readonly at: StepPath;
  /** The encoded state that continues the caller, without its own caller. */
  readonly state: Buffer;
  /** End of the caller's timeout in milliseconds since 1970: no call of the called run begins after it. */
  readonly deadline?: number;
  /** The run that has called the caller. */
  readonly caller?: Caller;
}

/** Stands for the caller where an id of a block is expected. */
export const CALLER_TIMEOUT = '(caller)';

/** A run's state and the body of its trigger. */
export interface RunMessage {
  readonly state: RunState;
  readonly body: Buffer;
}

/** Returns the error of a run whose state exceeds {@link STATE_LIMIT_BYTES}. */
export function stateTooLarge(bytes: number): SluiceError {
  return engineFail.STATE_TOO_LARGE(`the state of the run has ${bytes} bytes, and the limit is ${STATE_LIMIT_BYTES}`);
}
