import { engineFail, type ErrorView, type EventAttributes, type EventMessage, type SluiceError } from '@sluice/plugin-api';
import type { Priority, RetryPolicy } from '@sluice/flow';

export const RUN_TYPE = 'application/vnd.sluice.run';
/** Maximum bytes of a state. RabbitMQ 4 refuses messages above 16 MiB and closes the channel. */
export const STATE_LIMIT_BYTES = 8 * 1024 ** 2;

/**
 * Version of the state that this release writes, and the newest that it reads. A state without a version is of version 1. A change that a
 * host of the previous release would misread raises it: that host then returns such states to the queue for a host of the newer release.
 */
export const RUN_STATE_VERSION = 1;

/** A pending call, with all data that any host needs to make it. */
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
  /** End of the step's timeout in milliseconds since 1970; absent without a timeout. */
  readonly deadline?: number;
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
  /** Outputs of finished steps. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** True once the reply has been sent. */
  readonly replied?: boolean;
  /** Key of `deliver.dedupe` that this run holds. */
  readonly claim?: string;
  /**
   * `push`: the owner of the connection makes the call. `result`: the call has ended. `retry`: an unpaced call is repeated. `timer`: the
   * step's timeout has expired. `replay`: the run begins again at `at`. `parked`: the run waits for a person.
   */
  readonly kind: 'push' | 'result' | 'retry' | 'timer' | 'replay' | 'parked';
  /** The current step of the run; absent before the first step. */
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

/** The state was written by a newer release of Sluice: this host cannot read it, and must neither park nor lose it. */
export class NewerRunState extends Error {
  /** @param version of the state, above {@link RUN_STATE_VERSION} */
  constructor(readonly version: number) {
    super(`the state of the run has version ${version}, and this release reads versions up to ${RUN_STATE_VERSION}`);
  }
}

/**
 * Encodes a run: the length of the JSON part (4 bytes, big-endian), the JSON part, and the unchanged body of the trigger. A document of 2
 * MB is neither escaped nor parsed on its way through a push.
 */
export function encodeRun(run: RunMessage): Buffer {
  const json = Buffer.from(JSON.stringify({ v: RUN_STATE_VERSION, ...run.state }));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, run.body]);
}

/**
 * Reads a run's state.
 *
 * @throws NewerRunState when a newer release has written it
 * @throws Error when the bytes are not a run's state
 */
export function decodeRun(bytes: Buffer): RunMessage {
  if (bytes.length < 4) throw new Error('too short for the state of a run');
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) throw new Error('the state of the run is cut off');
  const parsed: unknown = JSON.parse(bytes.toString('utf8', 4, end));
  if (!isRecord(parsed)) throw new Error('the state of the run is not an object');
  const { v = 1, ...state } = parsed;
  if (!Number.isSafeInteger(v) || (v as number) < 1) throw new Error('the version of the state is not a whole number');
  if ((v as number) > RUN_STATE_VERSION) throw new NewerRunState(v as number);
  const wrong = STATE_FIELDS.find(([name, fits]) => !fits(state[name]));
  if (wrong) throw new Error(`the state of the run has no usable "${wrong[0]}"`);
  return { state: state as unknown as RunState, body: bytes.subarray(end) };
}

const KINDS: ReadonlySet<unknown> = new Set([
  'push',
  'result',
  'retry',
  'timer',
  'replay',
  'parked',
] satisfies RunState['kind'][]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const absentOr = (fits: (value: unknown) => boolean) => (value: unknown) => value === undefined || fits(value);
const isEvent = (value: unknown) => isRecord(value) && isText(value.id) && isText(value.source) && isText(value.type);
const isError = (value: unknown) => isRecord(value) && isText(value.code) && isText(value.message);
const isCall = (value: unknown) =>
  isRecord(value) &&
  isText(value.plugin) &&
  isText(value.action) &&
  isCount(value.attempt) &&
  isCount(value.waits) &&
  isRecord(value.policy) &&
  isCount(value.policy.attempts);
const isResult = (value: unknown) => isRecord(value) && (value.ok === true || (value.ok === false && isError(value.error)));

/** The fields that the engine needs. All others are passed on unchecked. */
const STATE_FIELDS: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ['run', (value) => isText(value) && value !== ''],
  ['epoch', isCount],
  ['flow', isText],
  ['revision', isText],
  ['event', isEvent],
  ['startedAt', (value) => typeof value === 'number'],
  ['steps', isRecord],
  ['kind', (value) => KINDS.has(value)],
  ['at', absentOr(isText)],
  ['claim', absentOr(isText)],
  ['call', absentOr(isCall)],
  ['result', absentOr(isResult)],
  ['parked', absentOr((value) => isRecord(value) && isError(value.error))],
];

/** Returns the error of a run whose state exceeds {@link STATE_LIMIT_BYTES}. */
export function stateTooLarge(bytes: number): SluiceError {
  return engineFail.STATE_TOO_LARGE(`the state of the run has ${bytes} bytes, and the limit is ${STATE_LIMIT_BYTES}`);
}

/** Returns the state as a message for the bus. */
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
