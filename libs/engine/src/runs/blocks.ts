import { engineFail, viewError, type Clock, type ErrorView } from '@sluice/plugin-api';
import type { ForEachStep, TryStep } from '@sluice/flow';
import { chain, type MaybePromise } from '../maybe-promise.js';
import type { CatchFrame, Failure, Frame, ItemFailure, LoopFrame, TryFrame } from './frames.js';
import type { Hop } from './hop.js';
import { endWith, type HopEnd } from './hop-end.js';
import { branchOf, isVerb, type Next, type Node, type Program } from './program.js';
import { CALLER_TIMEOUT } from './run-state.js';
import type { StepPath } from './step-path.js';

/**
 * Errors that no `onError`, no `try` and no item of a loop hides: a typo would look like "unknown number" for months. It also does not
 * hide a call that was not made because another host, with another revision of the flow, does not have its step.
 */
const FLOW_MISTAKE = /^(EXPR_\w+|INPUT_INVALID|EVENT_TYPE|FOREACH_NOT_LIST|FLOW_CHANGED)$/;

/** The continuation of a hop after a step: the next step, the end of a block or of the flow, or the end of the hop. */
export type Onward = Next | HopEnd;

/** Enters and leaves the blocks of one flow, and decides where a run continues after a failure. */
export class Blocks {
  constructor(
    private readonly program: Program,
    private readonly clock: Clock,
  ) {}

  /** Begins the steps of a `try`. */
  enterTry(hop: Hop, node: Node<TryStep>): Onward {
    hop.enter({ block: 'try', step: node.step.id, ...this.#deadline(node) });
    return branchOf(node, 0);
  }

  /** Leaves a `try` whose steps or whose handler have ended. */
  leaveTry(hop: Hop, { next }: Node<TryStep>): Onward {
    hop.leave();
    return next;
  }

  /** Begins the first item of a `forEach`. */
  enterLoop(hop: Hop, node: Node<ForEachStep>, items: readonly unknown[]): Onward {
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
    hop.enter(frame);
    return this.#nextItem(hop, node, frame);
  }

  /** Ends the current item of the innermost loop with its result, and begins the next one. */
  itemEnded(hop: Hop, node: Node<ForEachStep>): MaybePromise<Onward> {
    const frame = loopOf(hop, node);
    hop.begin(node.step.id);
    const { output } = node.step;
    return chain(output === undefined ? lastOutput(frame.steps) : output.render(hop.scope), (value) => {
      frame.results.push([frame.index, value]);
      return this.#nextItem(hop, node, frame);
    });
  }

  /** Continues a loop that has failed: its failed items at the steps that failed, then the items that have not begun. */
  #redo(hop: Hop, node: Node<ForEachStep>): Onward {
    const frame = loopOf(hop, node);
    frame.redo = [...(frame.redo ?? []), ...frame.errors];
    frame.errors = [];
    return this.#nextItem(hop, node, frame);
  }

  /**
   * Decides where the run continues after a failure: in the handler of the nearest `try`, at the next item, in the handler of the flow, or
   * nowhere.
   *
   * @param at the step that failed
   * @param timedOut id of the block whose timeout has passed, or {@link CALLER_TIMEOUT}: nothing inside of this block, and not its own handler, handles the error
   */
  fail(hop: Hop, error: ErrorView, at: StepPath, timedOut?: string): Onward {
    // the caller has continued without this run, and its timer does not limit the handler of the flow
    if (timedOut === CALLER_TIMEOUT) hop.caller = undefined;
    return this.#unwind(hop, { error, at, frames: [] }, timedOut);
  }

  #unwind(hop: Hop, failed: Failure, timedOut?: string): Onward {
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
  resumeAt(hop: Hop, node: Node, at: StepPath): Onward {
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
        frame.deadline = this.clock.now() + step.timeoutMs;
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

  #itemFailed(hop: Hop, frame: LoopFrame, { error, at, frames }: Failure): Onward {
    const node = this.program.nodeAt(frame.step);
    if (!isVerb(node, 'forEach')) throw new RangeError(`the flow has no forEach "${frame.step}"`);
    frame.errors.push({ index: frame.index, error, at, steps: frame.steps, frames });
    hop.enter(frame);
    return node.step.onFailure === 'stop' ? this.#endLoop(hop, node, frame) : this.#nextItem(hop, node, frame);
  }

  #nextItem(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame): Onward {
    const again = frame.redo?.shift();
    if (again) return this.#continueItem(hop, frame, again);
    if (frame.next >= frame.items.length) return this.#endLoop(hop, node, frame);
    hop.beginItem(frame, frame.next, {});
    frame.next++;
    return branchOf(node, 0);
  }

  #continueItem(hop: Hop, frame: LoopFrame, { index, at, steps, frames }: ItemFailure): Onward {
    hop.beginItem(frame, index, steps);
    hop.enter(...frames);
    const node = this.program.nodeAt(at);
    if (node) return this.resumeAt(hop, node, at);
    const gone = engineFail.FLOW_CHANGED(`item ${index} of "${frame.step}" failed at step "${at}", which is not there any more`);
    return this.fail(hop, viewError(gone, { step: frame.step }), at);
  }

  #endLoop(hop: Hop, node: Node<ForEachStep>, frame: LoopFrame): Onward {
    hop.leave();
    const { id, onFailure } = node.step;
    if (frame.errors.length > 0 && onFailure !== 'continue')
      return this.#unwind(hop, { error: loopError(id, frame), at: hop.pathOf(id), frames: [frame] });
    hop.record(id, outputOf(frame));
    return node.next;
  }

  #end(hop: Hop, failure: Failure): HopEnd {
    hop.failure = failure;
    const parks = this.program.flow.deliver.onExhausted === 'park' || isFlowMistake(failure.error);
    return endWith(parks ? 'parked' : 'dropped', failure.error);
  }

  #deadline({ step }: Node<ForEachStep | TryStep>): { deadline?: number } {
    return step.timeoutMs === undefined ? {} : { deadline: this.clock.now() + step.timeoutMs };
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

function loopError(step: string, { errors, items }: LoopFrame): ErrorView {
  const [first] = errors;
  const message = `${errors.length} of ${items.length} items failed, the first one is ${first?.index}: ${first?.error.message}`;
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

function inOrder<Entry>(entries: readonly Entry[], indexOf: (entry: Entry) => number): Entry[] {
  return entries.toSorted((a, b) => indexOf(a) - indexOf(b));
}

/** Returns the output of the step that has ended last; null when no step has an output. */
function lastOutput(steps: Readonly<Record<string, unknown>>): unknown {
  return Object.values(steps).at(-1) ?? null;
}
