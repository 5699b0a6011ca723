import { engineFail, viewError, type ErrorView } from '@sluice/plugin-api';
import { callId, viewOfCall } from '../calls/call-executor.js';
import { releasedMessage } from '../lanes/lane-messages.js';
import { queues, type Outgoing } from '../ports/bus.js';
import { runMessage } from '../runs/run-codec.js';
import {
  EXPIRED,
  STATE_LIMIT_BYTES,
  stateTooLarge,
  type PendingCall,
  type RunMessage,
  type RunState,
  type StepResult,
} from '../runs/run-state.js';
import { stepIdOf } from '../runs/step-path.js';

/** A run that waits for its call. */
export interface Push extends RunMessage {
  readonly state: RunState & { readonly call: PendingCall };
}

export function isPush(run: RunMessage): run is Push {
  return run.state.call !== undefined;
}

/**
 * Returns the message that continues the run after its call.
 *
 * @param now milliseconds since 1970
 */
export function continuation(run: Push, result: StepResult, now: number): Outgoing {
  // the input is no longer needed, only the deadline of the step
  const call = { ...run.state.call, input: null };
  const withResult = (of: StepResult) =>
    runMessage({ state: { ...run.state, kind: 'result', result: of, call }, body: run.body }, now);
  const queue = queues.next(run.state.flow);
  const message = withResult(result);
  if (message.body.length <= STATE_LIMIT_BYTES) return { queue, message };
  // a message that the broker refuses is never confirmed, and the call would be repeated without end
  return { queue, message: withResult(failure(run, stateTooLarge(message.body.length))) };
}

/**
 * Returns the same push with a durable delay.
 *
 * @param ms the delay in milliseconds
 * @param now milliseconds since 1970
 */
export function pushAgain(connection: string, run: RunMessage, call: PendingCall, ms: number, now: number): Outgoing {
  const message = runMessage({ state: { ...run.state, call }, body: run.body }, now);
  return { queue: queues.pushAgain(connection, call.priority), message, notBefore: now + ms };
}

export function failure({ state }: Push, error: unknown): StepResult {
  return { ok: false, error: viewOfCall(state.at ?? '', state.call, error) };
}

/**
 * Returns the messages that park a run whose flow no longer exists, and release its lane unless it is kept. Its call is not made, and no
 * hop reads the run.
 *
 * @param now milliseconds since 1970
 */
export function parkedUncalled(run: Push, error: ErrorView, now: number): readonly Outgoing[] {
  const { call: _call, result: _result, ...kept } = run.state;
  const state: RunState = { ...kept, kind: 'parked', parked: { error, at: now } };
  const parked = { queue: queues.parked, message: runMessage({ state, body: run.body }, now) };
  const { lane, flow, epoch } = state;
  if (!lane || lane.hold) return [parked];
  return [parked, { ...releasedMessage(flow, { key: lane.key, run: state.run, epoch }, now), droppable: true }];
}

export function uncalled(run: Push): ErrorView {
  const { flow, at = '', call } = run.state;
  const message = `${flow} has no step "${at}" any more, where the run waited for ${call.plugin}.${call.action}: the call was not made`;
  return viewError(engineFail.FLOW_CHANGED(message, { sent: 'no' }), {
    step: stepIdOf(at),
    ...(call.connection !== undefined && { connection: call.connection }),
  });
}

export function expired(): StepResult {
  return { ok: false, error: { code: EXPIRED, fate: 'rejected', message: 'the event expired while its call waited' } };
}

/** Returns the idempotency key of the call. */
export function idOf({ state }: Push): string {
  return callId(state.run, state.at ?? '');
}

/**
 * Returns the key of one try of one call. All copies of its message have the same key. When a sender repeats an event, the run has the same
 * id and another start time, so its push has another key: that run waits for its own continuation.
 */
export function pushKey(run: Push): string {
  return `${run.state.run}/${run.state.epoch}/${run.state.startedAt}/${tryOf(run)}`;
}

/** Returns step and try: the same in every redelivery, and another in every attempt and after every wait. */
export function tryOf({ state }: Push): string {
  return `${state.at ?? ''}/${state.call.attempt}.${state.call.waits}`;
}
