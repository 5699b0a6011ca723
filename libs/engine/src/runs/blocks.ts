import { engineFail, viewError, type ErrorView } from '@sluice/plugin-api';
import type { ForEachStep, TryStep } from '@sluice/flow';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { LoopKey } from '../ports/loops.js';
import {
  BYTES,
  type CatchFrame,
  type Failure,
  type Frame,
  type ItemFailure,
  type LoopFrame,
  type LoopRowsRef,
  type TryFrame,
} from './frames.js';
import type { Hop } from './hop.js';
import { endWith, type HopEnd } from './hop-end.js';
import { branchOf, isVerb, type Next, type Node, type Program } from './program.js';
import { failedEnd, failureOf, LoopRows, LoopRowsGoneError, type LoopRowsDeps } from './loop-rows.js';
import { CALLER_TIMEOUT, STATE_LIMIT_BYTES, stateTooLarge } from './run-state.js';
import type { StepPath } from './step-path.js';

/**
 * Errors that neither `onError`, nor `try`, nor a loop handles: a handled typo would look like "unknown number" for months. `FLOW_CHANGED`
 * is among them: a call was not made, because the host of another revision of the flow does not have its step.
 */
const FLOW_MISTAKE = /^(EXPR_\w+|INPUT_INVALID|EVENT_TYPE|FOREACH_NOT_LIST|FLOW_CHANGED)$/;

/** Maximum bytes of the list, the results and the failures of a loop that travel with the run. Beyond it they are kept in the database. */
const MAX_TRAVELLING_BYTES = 64 * 1024;

/** The continuation of a hop after a step: the next step, the end of a block or of the flow, or the end of the hop. */
export type Onward = Next | HopEnd;

/** Enters and leaves the blocks of one flow, and decides where a run continues after a failure. */
export class Blocks {
  constructor(
    private readonly program: Program,
    private readonly deps: LoopRowsDeps,
  ) {}

  /** Begins the steps of a `try`. */
  enterTry(hop: Hop, node: Node<TryStep>): Onward {
    hop.enter({ block: 'try', step: node.step.id, ...this.#deadline(node) });
    return branchOf(node, 0);
  }

  /** Leaves a `try` whose steps or whose handler have ended. */
  leaveTry(hop: Hop, { next }: Node<TryStep>): Onward {
    const frame = hop.leave();
    // the failure is handled, so no replay continues the loops in it
    if (frame?.block === 'catch') hop.endRowsOf(frame.failure.frames);
    return next;
  }

  /**
   * Begins the first item of a `forEach`. A list that is too large to travel is stored first. A list that a redelivery of the message could
   * compute with another result is stored too: the list that was stored first counts, so an index never names two items.
   */
  enterLoop(hop: Hop, node: Node<ForEachStep>, items: readonly unknown[]): MaybePromise<Onward> {
    const frame: LoopFrame = {
      block: 'loop',
      step: node.step.id,
      ...this.#deadline(node),
      items,
      index: 0,
      next: 0,
      steps: {},
      results: [],
      errors: [],
    };
    const bytes = bytesUpTo(items, MAX_TRAVELLING_BYTES);
    const isLarge = bytes > MAX_TRAVELLING_BYTES;
    if (!isLarge) frame[BYTES] = bytes;
    const begin = () => {
      hop.enter(frame);
      return this.#nextItem(hop, node, frame);
    };
    return isLarge || (hop.hasCalled && items.length > 0) ? this.#store(hop, frame, isLarge).then(begin) : begin();
  }

  async #store(hop: Hop, frame: LoopFrame, isLarge: boolean): Promise<void> {
    const rows = this.#rowsOf(hop);
    const key = { run: hop.run, path: hop.pathOf(frame.step), epoch: hop.epoch };
    const isFirst = await rows.create(key, frame.items);
    const { path, epoch } = key;
    if (!isLarge) {
      frame.pinned = { path, epoch };
      if (isFirst) return;
      frame.items = await rows.list(key);
      delete frame[BYTES];
      return;
    }
    frame.rows = { path, epoch, total: isFirst ? frame.items.length : await rows.total(key) };
    frame.items = [];
  }

  /** Ends the current item of the innermost loop with its result, and begins the next one. */
  itemEnded(hop: Hop, node: Node<ForEachStep>): MaybePromise<Onward> {
    const frame = loopOf(hop, node);
    // no closure for each of these items: most are as short as one step
    if (node.step.output === undefined && !frame.rows) {
      addResult(frame, lastOutput(frame.steps));
      return this.#nextItem(hop, node, frame);
    }
    return chain(resultOf(hop, node, frame), (value) =>
      chain(this.#succeeded(hop, frame, value), () => this.#nextItem(hop, node, frame)),
    );
  }

  #succeeded(hop: Hop, frame: LoopFrame, value: unknown): MaybePromise<void> {
    const { index, rows } = frame;
    if (rows) return this.#rowsOf(hop).end(keyOf(hop, rows), { index, epoch: hop.epoch, ok: true, value });
    addResult(frame, value);
  }

  /** Continues a loop that has failed: its failed items at the steps that failed, then the items that have not begun. */
  #redo(hop: Hop, node: Node<ForEachStep>): MaybePromise<Onward> {
    const frame = loopOf(hop, node);
    if (frame.rows) {
      frame.rows.missingOnly = true;
      frame.next = 0;
    } else {
      frame.redo = [...inOrder([...(frame.redo ?? []), ...frame.errors], ({ index }) => index)];
      frame.errors = [];
    }
    return this.#nextItem(hop, node, frame);
  }

  /**
   * Decides where the run continues after a failure: in the handler of the nearest `try`, at the next item, in the handler of the flow, or
   * nowhere.
   *
   * @param at the step that failed
   * @param timedOut id of the block whose timeout has passed, or {@link CALLER_TIMEOUT}: neither a handler inside of this block nor its own
   *   one handles the error
   */
  fail(hop: Hop, error: ErrorView, at: StepPath, timedOut?: string): MaybePromise<Onward> {
    // the caller has continued without this run, and its timer does not limit the handler of the flow
    if (timedOut === CALLER_TIMEOUT) hop.caller = undefined;
    hop.report(at, { kind: 'failed', error });
    return this.#unwind(hop, { error, at, frames: [] }, timedOut);
  }

  #unwind(hop: Hop, failed: Failure, timedOut?: string): MaybePromise<Onward> {
    let failure = failed;
    let passing = timedOut;
    for (let frame = hop.leave(); frame; frame = hop.leave()) {
      const handles = passing === undefined && !isFlowMistake(failure.error);
      if (passing === frame.step) passing = undefined;
      if (frame.block === 'catch') {
        failure = outOfHandler(frame, failure);
        if (frame.step === null) return this.#end(hop, failure);
      } else if (!handles) failure = beyond(frame, failure);
      else if (frame.block === 'try') return this.#handle(hop, frame, beyond(frame, failure));
      else return this.#itemFailed(hop, frame, failure);
    }
    const { handler } = this.program;
    if (handler === undefined) return this.#end(hop, failure);
    hop.enter({ block: 'catch', step: null, failure });
    return handler;
  }

  /** Ends the handler of the flow: a mistake of the flow itself is parked although it was handled. */
  handled(hop: Hop): HopEnd {
    const failure = hop.handler?.failure;
    if (!failure) throw new Error('the handler of the flow has ended without a failure');
    return isFlowMistake(failure.error) ? this.#end(hop, failure) : endWith('caught', failure.error);
  }

  /** Returns where a replay continues at a path: a loop that has failed continues with its failed items, all else at the step itself. */
  resumeAt(hop: Hop, node: Node, at: StepPath): MaybePromise<Onward> {
    const frame = hop.frames.at(-1);
    if (!isVerb(node, 'forEach') || frame?.block !== 'loop' || frame.step !== node.step.id) return node;
    // the path of an item whose `output` has failed contains the index of the item
    return at === hop.pathOf(node.step.id) ? { kind: 'item-end', loop: node } : this.#redo(hop, node);
  }

  /** Begins the timeouts of the blocks anew, as a replay does. */
  restartTimeouts(hop: Hop): void {
    for (const frame of hop.frames) {
      const step = frame.step === null ? undefined : this.program.nodeAt(frame.step)?.step;
      if (frame.deadline !== undefined && step && 'timeoutMs' in step && step.timeoutMs !== undefined)
        frame.deadline = this.deps.clock.now() + step.timeoutMs;
    }
  }

  /** Returns the error of a block whose timeout has passed. */
  timeoutOf(block: string, cause?: ErrorView): ErrorView {
    const step = this.program.nodeAt(block)?.step;
    const ms = step && 'timeoutMs' in step ? step.timeoutMs : undefined;
    const message =
      block === CALLER_TIMEOUT ? 'the timeout of the calling step has passed' : `${block} did not end within ${ms} ms`;
    const error = viewError(engineFail.STEP_TIMEOUT(message), block === CALLER_TIMEOUT ? {} : { step: block });
    return cause?.cause === undefined ? error : { ...error, cause: cause.cause };
  }

  #handle(hop: Hop, { step, deadline }: TryFrame, failure: Failure): Onward {
    const node = this.program.nodeAt(step);
    if (!isVerb(node, 'try')) throw new RangeError(`the flow has no try "${step}"`);
    hop.enter({ block: 'catch', step, failure, ...(deadline !== undefined && { deadline }) });
    return branchOf(node, 1);
  }

  #itemFailed(hop: Hop, frame: LoopFrame, { error, at, frames }: Failure): MaybePromise<Onward> {
    const node = this.program.nodeAt(frame.step);
    if (!isVerb(node, 'forEach')) throw new RangeError(`the flow has no forEach "${frame.step}"`);
    const failure = { index: frame.index, error, at, steps: frame.steps, frames };
    hop.enter(frame);
    return chain(this.#failed(hop, frame, failure), () =>
      node.step.onFailure === 'stop' ? this.#endLoop(hop, node, frame) : this.#nextItem(hop, node, frame),
    );
  }

  #failed(hop: Hop, frame: LoopFrame, failure: ItemFailure): MaybePromise<void> {
    if (frame.rows) return this.#rowsOf(hop).end(keyOf(hop, frame.rows), failedEnd(failure, hop.epoch));
    frame.errors.push(failure);
    grow(frame, failure);
  }

  #nextItem(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame): MaybePromise<Onward> {
    if (!frame.rows && bytesOf(frame) > MAX_TRAVELLING_BYTES)
      return this.#move(hop, frame).then(() => this.#nextItem(hop, node, frame));
    if (frame.rows) return this.#orLost(hop, frame, this.#nextStored(hop, node, frame, frame.rows));
    const again = frame.redo?.shift();
    if (again) return this.#continueItem(hop, frame, again);
    if (frame.next >= frame.items.length) return this.#endLoop(hop, node, frame);
    return this.#beginItem(hop, node, frame, frame.next);
  }

  #nextStored(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame, rows: LoopRowsRef): MaybePromise<Onward> {
    const { next } = frame;
    if (rows.missingOnly) return this.#nextMissing(hop, node, frame, rows);
    if (next >= rows.total) return this.#endLoop(hop, node, frame);
    return chain(this.#rowsOf(hop).item(keyOf(hop, rows), next), (item) => {
      frame.item = item;
      return this.#beginItem(hop, node, frame, next);
    });
  }

  async #nextMissing(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame, rows: LoopRowsRef): Promise<Onward> {
    const missing = await this.#rowsOf(hop).missing(keyOf(hop, rows), frame.next);
    if (!missing) return this.#endLoop(hop, node, frame);
    const { index, item, failure } = missing;
    frame.item = item;
    if (!failure) return this.#beginItem(hop, node, frame, index);
    frame.next = index + 1;
    return this.#continueItem(hop, frame, failure);
  }

  #beginItem(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame, index: number): Onward {
    hop.beginItem(frame, index, {});
    frame.next = index + 1;
    return branchOf(node, 0);
  }

  #continueItem(hop: Hop, frame: LoopFrame, { index, at, steps, frames }: ItemFailure): MaybePromise<Onward> {
    hop.beginItem(frame, index, steps);
    hop.enter(...frames);
    const node = this.program.nodeAt(at);
    if (node) return this.resumeAt(hop, node, at);
    const gone = engineFail.FLOW_CHANGED(`item ${index} of "${frame.step}" failed at step "${at}", which is not there any more`);
    return this.fail(hop, viewError(gone, { step: frame.step }), at);
  }

  /** Moves a loop that has become too large to travel into the database. */
  async #move(hop: Hop, frame: LoopFrame): Promise<void> {
    const { items, results, errors, redo = [], pinned } = frame;
    const { path, epoch } = pinned ?? { path: hop.pathOfLoop(frame), epoch: hop.epoch };
    const key = { run: hop.run, path, epoch };
    const rows = this.#rowsOf(hop);
    await rows.create(key, items);
    for (const [index, value] of results) await rows.end(key, { index, epoch: hop.epoch, ok: true, value });
    for (const failure of errors) await rows.end(key, failedEnd(failure, hop.epoch));
    // of an earlier epoch, so the ends of this replay count
    for (const failure of redo) await rows.end(key, failedEnd(failure, Math.max(0, hop.epoch - 1)));
    const [first] = redo;
    frame.rows = { path, epoch, total: items.length, ...(first && { missingOnly: true }) };
    frame.next = first?.index ?? frame.next;
    [frame.items, frame.results, frame.errors] = [[], [], []];
    delete frame.redo;
    delete frame.pinned;
  }

  #endLoop(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame): MaybePromise<Onward> {
    if (frame.rows) return this.#endStored(hop, node, frame, frame.rows);
    hop.leave();
    const { id, onFailure } = node.step;
    const { errors, items } = frame;
    if (errors.length > 0 && onFailure !== 'continue')
      return this.#loopFailed(hop, frame, loopError(id, { failed: errors.length, total: items.length, first: errors[0] }));
    hop.record(id, outputOf(frame));
    if (frame.pinned || errors.length > 0) hop.endRowsOf([frame]);
    return node.next;
  }

  /** Ends a loop whose results are in the database. Its output travels with the run from now on, so it is limited. */
  async #endStored(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame, rows: LoopRowsRef): Promise<Onward> {
    const { id, onFailure } = node.step;
    const results: unknown[] = [];
    const errors: { index: number; item: unknown; error: ErrorView }[] = [];
    let [bytes, succeeded, failed] = [0, 0, 0];
    let first: ItemFailure | undefined;
    const key = keyOf(hop, rows);
    for await (const page of this.#rowsOf(hop).ends(key)) {
      for (const end of page) {
        const failure = end.ok ? undefined : failureOf(end);
        if (failure) failed++;
        else succeeded++;
        first ??= failure;
        if (bytes > STATE_LIMIT_BYTES || (failure && onFailure !== 'continue')) continue;
        // items are read ahead, page by page
        const item = failure ? await this.#rowsOf(hop).item(key, end.index) : undefined;
        bytes += bytesUpTo(failure ? [failure.error, item] : [end.value], STATE_LIMIT_BYTES);
        if (bytes > STATE_LIMIT_BYTES) continue;
        if (failure) errors.push({ index: end.index, item, error: failure.error });
        else results.push(end.value);
      }
    }
    hop.leave();
    if (failed > 0 && onFailure !== 'continue')
      return this.#loopFailed(hop, frame, loopError(id, { failed, total: rows.total, first }));
    if (bytes > STATE_LIMIT_BYTES) return this.#loopFailed(hop, frame, viewError(stateTooLarge(bytes), { step: id }));
    hop.record(id, { total: rows.total, succeeded, failed, results, errors });
    hop.endRowsOf([frame]);
    return node.next;
  }

  #loopFailed(hop: Hop, frame: LoopFrame, error: ErrorView): MaybePromise<Onward> {
    const at = hop.pathOf(frame.step);
    hop.report(at, { kind: 'failed', error });
    return this.#unwind(hop, { error, at, frames: [frame] });
  }

  /** Turns the loss of a loop's rows into the failure of the loop. */
  #orLost(hop: Hop, frame: LoopFrame, work: MaybePromise<Onward>): MaybePromise<Onward> {
    if (!isPromise(work)) return work;
    return work.catch((error: unknown) => {
      if (!(error instanceof LoopRowsGoneError)) throw error;
      while (hop.frames.includes(frame)) hop.leave();
      return this.#loopFailed(hop, frame, viewError(engineFail.POISON(error.message), { step: frame.step }));
    });
  }

  #rowsOf(hop: Hop): LoopRows {
    return (hop.loopRows ??= new LoopRows(this.deps));
  }

  #end(hop: Hop, failure: Failure): HopEnd {
    hop.failure = failure;
    const parks = this.program.flow.deliver.onExhausted === 'park' || isFlowMistake(failure.error);
    return endWith(parks ? 'parked' : 'dropped', failure.error);
  }

  #deadline({ step }: Node<ForEachStep | TryStep>): { deadline?: number } {
    return step.timeoutMs === undefined ? {} : { deadline: this.deps.clock.now() + step.timeoutMs };
  }
}

/** Returns whether the error is a mistake of the flow itself. */
export function isFlowMistake({ code }: ErrorView): boolean {
  return FLOW_MISTAKE.test(code);
}

function loopOf(hop: Hop, { step }: Node<ForEachStep>): LoopFrame {
  const frame = hop.frames.at(-1);
  if (frame?.block !== 'loop' || frame.step !== step.id) throw new Error(`the run is not in the loop "${step.id}"`);
  return frame;
}

function keyOf({ run }: Hop, { path, epoch }: LoopRowsRef): LoopKey {
  return { run, path, epoch };
}

/** Returns about how many bytes the list, the results and the failures of a loop have as JSON. */
function bytesOf(frame: LoopFrame): number {
  if (frame[BYTES] !== undefined) return frame[BYTES];
  const { items, results, errors, redo = [] } = frame;
  return (frame[BYTES] = bytesUpTo([...items, ...results, ...errors, ...redo], MAX_TRAVELLING_BYTES));
}

function addResult(frame: LoopFrame, value: unknown): void {
  frame.results.push([frame.index, value]);
  grow(frame, value);
}

function grow(frame: LoopFrame, value: unknown): void {
  if (frame[BYTES] !== undefined) frame[BYTES] += bytesOfValue(value);
}

/** Bytes that a number counts: few have more digits. */
const NUMBER_BYTES = 8;

/** Returns about the bytes of the JSON of these values. It stops to count beyond the limit, after the value that exceeds it. */
function bytesUpTo(values: readonly unknown[], limit: number): number {
  let bytes = 0;
  for (const value of values) {
    bytes += bytesOfValue(value);
    if (bytes > limit) break;
  }
  return bytes;
}

/** Most items and results are small, and JSON.stringify costs as much as a short step. */
function bytesOfValue(value: unknown): number {
  return typeof value === 'number' ? NUMBER_BYTES : Buffer.byteLength(JSON.stringify(value) ?? 'null') + 1;
}

/** Returns the failure after it has left this block. */
function beyond(frame: Frame, failure: Failure): Failure {
  return { ...failure, frames: [frame, ...failure.frames] };
}

/**
 * Returns the failure after it has left a handler. The error that the handler handles keeps its place when it is raised again, and becomes
 * the cause of any other one. A run that fails in the handler of the flow keeps the place of the first failure.
 */
function outOfHandler(frame: CatchFrame, failure: Failure): Failure {
  const first = frame.failure;
  if (failure.error === first.error) return first;
  const error = { ...failure.error, cause: shortOf(first.error) };
  return frame.step === null ? { ...first, error } : beyond(frame, { ...failure, error });
}

function shortOf({ code, fate, message }: ErrorView): NonNullable<ErrorView['cause']> {
  return { code, fate, message };
}

interface LoopFailures {
  readonly failed: number;
  readonly total: number;
  readonly first: ItemFailure | undefined;
}

function loopError(step: string, { failed, total, first }: LoopFailures): ErrorView {
  const message = `${failed} of ${total} items failed, the first one is ${first?.index}: ${first?.error.message}`;
  const error = viewError(engineFail.FOREACH_FAILED(message), { step });
  return first === undefined ? error : { ...error, cause: shortOf(first.error) };
}

function outputOf({ items, results, errors }: LoopFrame) {
  return {
    total: items.length,
    succeeded: results.length,
    failed: errors.length,
    results: inOrder(results, ([index]) => index).map(([, value]) => value),
    errors: inOrder(errors, ({ index }) => index).map(({ index, error }) => ({ index, item: items[index], error })),
  };
}

/** Returns the entries in the order of their indices. Only a replay ends items in another order. */
function inOrder<Entry>(entries: readonly Entry[], indexOf: (entry: Entry) => number): readonly Entry[] {
  const isSorted = entries.every((entry, at) => at === 0 || indexOf(entries[at - 1] as Entry) < indexOf(entry));
  return isSorted ? entries : entries.toSorted((a, b) => indexOf(a) - indexOf(b));
}

/** Returns the result of an item: `output` of the loop, or the output of the item's last step. */
function resultOf(hop: Hop, { step: { id, output } }: Node<ForEachStep>, frame: LoopFrame): unknown {
  if (output === undefined) return lastOutput(frame.steps);
  hop.begin(id);
  return output.render(hop.scope);
}

/** Returns the output of the step that has ended last; null when no step has an output. */
function lastOutput(steps: Readonly<Record<string, unknown>>): unknown {
  let last: string | undefined;
  for (const step in steps) last = step;
  return last === undefined ? null : (steps[last] ?? null);
}
