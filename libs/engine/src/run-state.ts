import { engineFail, type ErrorView, type EventAttributes, type EventMessage, type SluiceError } from '@sluice/plugin-api';
import type { Priority, RetryPolicy } from '@sluice/flow';

export const RUN_TYPE = 'application/vnd.sluice.run';
/** RabbitMQ 4 refuses messages over 16 MiB and closes the channel. */
export const STATE_LIMIT_BYTES = 8 * 1024 ** 2;

/** A call that is on its way: everything that makes it, so that any host can. */
export interface PendingCall {
  readonly plugin: string;
  readonly action: string;
  readonly connection?: string;
  readonly priority: Priority;
  /** Rendered once, when the step began: every attempt sends the same data. */
  readonly input: unknown;
  /** The attempt to be made, from 1. Waiting for an overloaded or closed 1C spends none. */
  readonly attempt: number;
  /** How often it had to wait without spending an attempt: grows the pause. */
  readonly waits: number;
  readonly policy: RetryPolicy;
  /** When the step began, in milliseconds since 1970. */
  readonly since: number;
  /** When the step's timeout runs out; absent: never. */
  readonly deadline?: number;
  /** When the event expires; absent: never. */
  readonly expiresAt?: number;
}

/** Code of a result without a call: the event had expired before its turn came. */
export const EXPIRED = 'EXPIRED';

export type StepResult = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: ErrorView };

/** A run between two hops: what travels in a message beside the trigger's body. */
export interface RunState {
  readonly run: string;
  /** 0; one more for every replay. */
  readonly epoch: number;
  readonly flow: string;
  readonly revision: string;
  readonly event: EventAttributes;
  readonly startedAt: number;
  /** Outputs of finished steps. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** The first reply has been sent. */
  readonly replied?: boolean;
  /** Key of `deliver.dedupe` that this run holds. */
  readonly claim?: string;
  /**
   * `push`: to be called by the owner of the connection. `result`: it was called. `retry`: an unpaced call to be made again. `timer`:
   * the step's timeout has run out. `replay`: begin again at `at`. `parked`: put aside.
   */
  readonly kind: 'push' | 'result' | 'retry' | 'timer' | 'replay' | 'parked';
  /** The step at which the run stands; absent: before the first. */
  readonly at?: string;
  readonly call?: PendingCall;
  readonly result?: StepResult;
  readonly parked?: { readonly error: ErrorView; readonly at: number };
}

/** A run's state and the body of its trigger. */
export interface RunMessage {
  readonly state: RunState;
  readonly body: Buffer;
}

/**
 * Length of the JSON part (4 bytes, big-endian), the JSON part, the trigger's body as it came: a document of 2 MB is neither escaped nor
 * parsed on its way through a push.
 */
export function encodeRun(run: RunMessage): Buffer {
  const json = Buffer.from(JSON.stringify(run.state));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, run.body]);
}

/** Throws when the bytes are not a run's state. */
export function decodeRun(bytes: Buffer): RunMessage {
  if (bytes.length < 4) throw new Error('too short for the state of a run');
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) throw new Error('the state of the run is cut off');
  return { state: JSON.parse(bytes.toString('utf8', 4, end)) as RunState, body: bytes.subarray(end) };
}

/** What becomes of a run whose state does not fit into {@link STATE_LIMIT_BYTES}. */
export function stateTooLarge(bytes: number): SluiceError {
  return engineFail.STATE_TOO_LARGE(`the state of the run has ${bytes} bytes, and the limit is ${STATE_LIMIT_BYTES}`);
}

/** The state as a message of the bus. */
export function runMessage(run: RunMessage): EventMessage {
  return {
    attributes: {
      id: `${run.state.run}/${run.state.at ?? ''}/${run.state.kind}`,
      source: `/flows/${run.state.flow}`,
      type: 'sluice.run',
      time: new Date().toISOString(),
      datacontenttype: RUN_TYPE,
    },
    body: encodeRun(run),
  };
}

export function isRun(message: EventMessage): boolean {
  return message.attributes.datacontenttype === RUN_TYPE;
}
