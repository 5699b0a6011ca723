import { bodyKind, derivedId, runId } from '@sluice/plugin-api';
import { metaOfLane, releasedMessage } from '../lanes/lane-messages.js';
import { queues, type Outgoing } from '../ports/bus.js';
import type { ParkedRun, Replay } from '../ports/store.js';
import { writeData } from '../runs/event-data.js';
import { runMessage } from '../runs/run-codec.js';
import type { RunMessage, RunState } from '../runs/run-state.js';
import { withoutHandlerAttempt } from './handler-attempt.js';
import type { ParkedSource } from './parked-source.js';

/** A parked run that can be replayed: its row, where it came from, and its state. */
export interface Replayable {
  readonly parked: ParkedRun;
  readonly source: Exclude<ParkedSource, { kind: 'unreadable' }>;
  readonly message: RunMessage;
}

/** How a flow orders its events: by `deliver.key`, by the places of `deliver.concurrency`, or not. */
export type FlowOrder = 'key' | 'places' | 'none';

/** Returns the queue that begins the replays of a flow. The owner of the lanes of a keyed flow begins them in their turn. */
function queueOf(flow: string, order: FlowOrder): string {
  switch (order) {
    case 'key':
      return queues.lane(flow);
    case 'places':
      return queues.flow(flow);
    case 'none':
      return queues.next(flow);
  }
}

/**
 * Returns the message that releases the lane that a parked run keeps; undefined when it keeps none.
 *
 * @param now milliseconds since 1970
 */
export function releaseOf({ state }: RunMessage, now: number): Outgoing | undefined {
  const { lane, flow, run, epoch } = state;
  return lane?.hold ? releasedMessage(flow, { key: lane.key, run, epoch }, now) : undefined;
}

/**
 * Returns the message that continues the run at its failed step, or that begins it at the first step.
 *
 * @param options `epoch`, `fromStart`: see {@link Replay}; `order`: that of the flow today; `now` in milliseconds since 1970
 */
export function replayMessage(
  { parked, source, message }: Replayable,
  { epoch, fromStart, order, now }: Replay & { readonly order: FlowOrder; readonly now: number },
): Outgoing {
  const { state, body } = message;
  if (source.kind === 'module')
    return { queue: source.queue, message: { attributes: withoutHandlerAttempt(parked.event), body } };
  const { parked: error, call: _call, caller: _caller, lane, frames, result, at, ...kept } = state;
  // the call was made although its step no longer existed: the run continues after it
  const goesOn = !fromStart && result?.ok === true && error?.error.code === 'FLOW_CHANGED';
  const replay: RunState = {
    ...kept,
    kind: 'replay',
    startedAt: now,
    epoch,
    steps: fromStart ? {} : state.steps,
    ...(at !== undefined && !fromStart && { at }),
    ...(frames && !fromStart && { frames }),
    ...(goesOn && { result }),
    ...(lane && order === 'key' && { lane }),
  };
  return { queue: queueOf(source.flow, order), message: runMessage({ state: replay, body }, now) };
}

/** Returns the message and the id of a new run on other data. With the old id the remote system would answer with its stored result. */
export function editedMessage(
  { parked, source, message }: Replayable,
  data: unknown,
  { order, now }: { readonly order: FlowOrder; readonly now: number },
): { readonly outgoing: Outgoing; readonly run: string } {
  const id = derivedId(parked.run, 'edited', parked.epoch + 1);
  // a form or XML that was edited as data is JSON from then on
  const written = parked.event.datacontenttype;
  const { body, datacontenttype } = writeData(data, typeof data === 'string' || isJson(written) ? written : undefined);
  const {
    replyto: _replyto,
    contentencoding: _contentencoding,
    ...event
  } = source.kind === 'module' ? withoutHandlerAttempt(parked.event) : parked.event;
  const attributes = {
    ...event,
    id,
    causationid: parked.event.id,
    acceptedat: now,
    ...(datacontenttype !== undefined && { datacontenttype }),
  };
  const { lane } = message.state;
  const inherits = order === 'key' && lane?.hold === true;
  if (source.kind === 'flow' && inherits) {
    const inherited = metaOfLane({ key: lane.key, run: parked.run, epoch: parked.epoch });
    const laned = { ...attributes, meta: { ...attributes.meta, ...inherited } };
    return {
      outgoing: { queue: queues.lane(source.flow), message: { attributes: laned, body } },
      run: runId(event.source, id, source.flow),
    };
  }
  const queue = source.kind === 'module' ? source.queue : queues.flow(source.flow);
  const name = source.kind === 'module' ? source.queue : source.flow;
  return { outgoing: { queue, message: { attributes, body } }, run: runId(event.source, id, name) };
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && bodyKind(contentType) === 'json';
}
