import { engineFail, runId, viewError, type ErrorView, type EventMessage, type SluiceError } from '@sluice/plugin-api';
import type { Delivery, Outgoing } from '../ports/bus.js';
import type { ParkedRun } from '../ports/store.js';
import { resultOfFailure, returnMessage } from '../runs/called-runs.js';
import { encodeRun, isRun, readRun } from '../runs/run-codec.js';
import type { RunMessage, RunState } from '../runs/run-state.js';
import { handlerAttemptOf } from './handler-attempt.js';
import { columnsOf, type SourceColumns } from './parked-source.js';

/** A run that is to be added to the store. */
export type ParkedRow = Omit<ParkedRun, 'state'>;

/** The content of a message of the queues `parked` and `poison`. */
export type ParkedReading =
  | {
      readonly kind: 'row';
      readonly row: ParkedRow;
      /** Continues the run that waits for this one with the failure; absent when no run waits. */
      readonly answer?: Outgoing;
    }
  /** A newer release has written the state: a host of that release adds it. */
  | { readonly kind: 'newer'; readonly version: number };

/** Returns the row of a message that is to be parked. Every message has one, also a message that cannot be read. */
export function readParked({ message, deadLettered }: Pick<Delivery, 'message' | 'deadLettered'>, now: number): ParkedReading {
  // the broker moves messages of any sender here as they are, and a sender could name the module of another one
  if (!isRun(message)) return { kind: 'row', row: deadLettered ? poisonRow(message, now) : failedRow(message, now) };
  const read = readRun(message.body);
  switch (read.kind) {
    case 'newer':
      return read;
    case 'run':
      return { kind: 'row', ...runRow(read.run, message.body, now) };
    case 'unreadable':
      return { kind: 'row', row: unreadableRow(message, engineFail.POISON(read.reason), now) };
  }
}

/** Returns the row of a message that is no run and no event of a module, or whose run the database refuses. */
export function unreadableRow(message: EventMessage, error: SluiceError, now: number): ParkedRow {
  return keptRow(message, columnsOf({ kind: 'unreadable' }), viewError(error), now);
}

function runRow({ state }: RunMessage, message: Buffer, now: number): { readonly row: ParkedRow; readonly answer?: Outgoing } {
  const error =
    state.parked?.error ?? viewError(engineFail.POISON('the broker no longer delivers the run: it was delivered too often'));
  const { run, epoch, flow, revision, event, caller } = state;
  const row: ParkedRow = {
    run,
    epoch,
    flow,
    revision,
    event,
    error,
    parkedAt: new Date(state.parked?.at ?? now),
    message,
    ...(state.at !== undefined && { step: state.at }),
    ...(state.note !== undefined && { note: state.note }),
  };
  if (!caller) return { row };
  return { row, answer: returnMessage(caller, resultOfFailure(caller, run, flow, 'was parked', error), now) };
}

/** Returns the row of an event on which a module's handler has failed. */
function failedRow(message: EventMessage, now: number): ParkedRow {
  const attempt = handlerAttemptOf(message.attributes);
  if (attempt?.kind !== 'failed') return poisonRow(message, now);
  return keptRow(message, columnsOf({ kind: 'module', queue: attempt.queue }), attempt.error, now);
}

function poisonRow(message: EventMessage, now: number): ParkedRow {
  return unreadableRow(message, engineFail.POISON('the broker no longer delivers the event: it was delivered too often'), now);
}

/** Keeps the whole message, so that a person can inspect it. */
function keptRow({ attributes, body }: EventMessage, columns: SourceColumns, error: ErrorView, now: number): ParkedRow {
  const run = runId(attributes.source, attributes.id, columns.flow);
  const common = { run, epoch: 0, ...columns, event: attributes };
  const state: RunState = { ...common, startedAt: now, steps: {}, kind: 'parked', parked: { error, at: now } };
  return { ...common, error, parkedAt: new Date(now), message: encodeRun({ state, body }) };
}
