import {
  derivedId,
  engineFail,
  runId,
  viewError,
  type ErrorView,
  type EventAttributes,
  type EventMessage,
  type Reply,
} from '@sluice/plugin-api';
import type { Settings } from '@sluice/flow';
import { queues, type Outgoing } from '../ports/bus.js';
import { emitCause, emittedEvent } from './emitted.js';
import { writeData } from './event-data.js';
import { decodeRun, encodeRun, runMessage } from './run-codec.js';
import { STATE_LIMIT_BYTES, stateTooLarge, type Caller, type PendingCall, type RunState, type StepResult } from './run-state.js';
import { stepIdOf, type StepPath } from './step-path.js';

/** Type of the event that begins a called run. */
const CALL_TYPE = 'sluice.call';

/** The parts of a hop at a `call` step. */
interface CallingHop {
  readonly run: string;
  readonly epoch: number;
  readonly flow: { readonly name: string };
  readonly event: EventAttributes;
  readonly body: Buffer;
  readonly holdsOfCalled: RunState['holds'];
  state(kind: 'result', more: { readonly at: StepPath; readonly call: PendingCall }): RunState;
}

/**
 * Returns the message that begins the run of another flow, and the id of that run. The message carries the state of the caller, so that no
 * table is needed and whichever host ends the called run can continue the caller. The called run has the same id in every redelivery and
 * replay of the caller.
 *
 * @throws FLOW_LOOP, BODY_TOO_LARGE, STATE_TOO_LARGE
 */
export function callMessage(
  hop: CallingHop,
  at: StepPath,
  call: PendingCall,
  data: unknown,
  limits: Settings['limits'],
): { readonly message: EventMessage; readonly run: string } {
  const flow = call.action;
  const now = call.since;
  const attributes = { type: CALL_TYPE, subject: undefined, correlationid: undefined, partitionkey: undefined };
  const cause = emitCause(hop.event, hop.flow.name, limits, now);
  const { attributes: event, body } = emittedEvent(
    cause,
    attributes,
    writeData(data, undefined, limits.eventBytes),
    derivedId(hop.run, at, 'call'),
  );
  const { caller: above, ...state } = hop.state('result', { at, call });
  const caller: Caller = {
    run: hop.run,
    flow: hop.flow.name,
    at,
    state: encodeRun({ state, body: hop.body }),
    ...(call.deadline !== undefined && { deadline: call.deadline }),
    ...(above && { caller: above }),
  };
  const run = runId(event.source, event.id, flow);
  const holds = hop.holdsOfCalled;
  const begin: RunState = {
    run,
    epoch: hop.epoch,
    flow,
    revision: '',
    event,
    startedAt: now,
    steps: {},
    kind: 'begin',
    caller,
    ...(holds && { holds }),
  };
  const message = runMessage({ state: begin, body }, now);
  if (message.body.length > STATE_LIMIT_BYTES) throw stateTooLarge(message.body.length);
  return { message, run };
}

/**
 * Returns the message that continues the caller when the called run has replied or has ended.
 *
 * @param now milliseconds since 1970
 */
export function returnMessage(caller: Caller, result: StepResult, now: number): Outgoing {
  const run = decodeRun(caller.state);
  const { body } = run;
  const state: RunState = { ...run.state, ...(caller.caller && { caller: caller.caller }) };
  const message = runMessage({ state: { ...state, result }, body }, now);
  if (message.body.length <= STATE_LIMIT_BYTES) return { queue: queues.next(caller.flow), message };
  const error = viewError(stateTooLarge(message.body.length), { step: stepIdOf(caller.at) });
  return {
    queue: queues.next(caller.flow),
    message: runMessage({ state: { ...state, result: { ok: false, error } }, body }, now),
  };
}

/** Returns the result of a `call` step for a reply of the called run. */
export function resultOfReply(caller: Caller, run: string, flow: string, { status, data }: Reply): StepResult {
  if (status < 400) return { ok: true, output: data ?? null };
  const error = engineFail.CALL_FAILED(`${flow} replied with ${status} (run ${run})`, {
    details: { status, ...(data !== undefined && { data }) },
  });
  return { ok: false, error: viewError(error, { step: stepIdOf(caller.at) }) };
}

/**
 * Returns the result of a `call` step whose called run has failed or has expired. When that run has failed because of a call of its own, the
 * error names the first cause: the errors of all calls between would make the text longer with each level.
 */
export function resultOfFailure(caller: Caller, run: string, flow: string, how: string, failure: ErrorView): StepResult {
  const { code, fate, message } = (failure.code === 'CALL_FAILED' && failure.cause) || failure;
  const error = viewError(engineFail.CALL_FAILED(`${flow} ${how} (run ${run}): ${message}`), { step: stepIdOf(caller.at) });
  return { ok: false, error: { ...error, cause: { code, fate, message } } };
}
