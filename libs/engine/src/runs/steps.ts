import { pause, viewError, type ErrorView } from '@sluice/plugin-api';
import { withTimeBudget, type ForEachStep, type Settings, type Step } from '@sluice/flow';
import type { Connections } from '../calls/connections.js';
import { isInfrastructureError, UnpacedCalls, type UnpacedCallsDeps } from '../calls/unpaced-calls.js';
import type { EventIngress } from '../ingress/event-ingress.js';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Observer } from '../observer.js';
import { queues } from '../ports/bus.js';
import type { Store } from '../ports/store.js';
import { Blocks, type Onward } from './blocks.js';
import type { Hop } from './hop.js';
import { HOP_ENDS, type HopEnd } from './hop-end.js';
import { isVerb, type Node, type Program } from './program.js';
import { runMessage } from './run-codec.js';
import type { PendingCall } from './run-state.js';
import type { StepPath } from './step-path.js';
import { execute } from './verbs/index.js';
import { callFailed } from './verbs/on-error.js';
import { callAgain } from './verbs/use.js';
import type { VerbContext } from './verbs/verb.js';

/** A hop without a wait lets the other work of the host go on after this many milliseconds. */
const SLICE_MS = 50;
/** A hop that has worked for this many milliseconds continues in another hop, so that a crash repeats little. */
const MAX_HOP_MS = 10_000;
/** A hop in a loop with this many outputs, or this many bytes of them, continues in another hop: until its end it holds them in memory. */
const MAX_LOOP_OUTPUTS = 1_000;
const MAX_LOOP_OUTPUT_BYTES = 16 * 1024 ** 2;

export interface StepsDeps extends UnpacedCallsDeps {
  readonly ingress: Pick<EventIngress, 'hasSubscriber'>;
  readonly connections: Connections;
  readonly settings: Settings;
  readonly observer: Observer;
  readonly store: Pick<Store, 'loops'>;
}

/** Executes the steps of one program within a hop. */
export class Steps {
  readonly #context: VerbContext;
  readonly #blocks: Blocks;

  constructor(
    program: Program,
    private readonly deps: StepsDeps,
  ) {
    const { flow } = program;
    this.#blocks = new Blocks(program, { loops: deps.store.loops, clock: deps.clock, signal: deps.signal });
    this.#context = { ...deps, flow, blocks: this.#blocks, calls: new UnpacedCalls(flow, deps) };
  }

  /** Runs steps until the hop ends. Returns a promise only when a step has to wait, or when the hop takes long. */
  advance(hop: Hop, from: Onward): MaybePromise<HopEnd> {
    let at = from;
    while (at.kind !== 'ended' && at.kind !== 'suspended') {
      const next = this.#executeNext(hop, at);
      if (isPromise(next)) return next.then((after) => this.#continueAfterWait(hop, after));
      at = next;
      if (at.kind !== 'step') continue;
      const now = this.deps.clock.monotonic();
      if (isLong(hop, now)) return this.#flushEnds(hop, this.#continueLater(hop, at));
      // kept over waits: many of them may end without a turn of the event loop
      hop.sliceBegan ??= hop.beganMonotonic;
      if (now - hop.sliceBegan < SLICE_MS) continue;
      const later = at;
      return pause(this.deps.clock, 0, this.deps.signal).then(() => {
        hop.sliceBegan = this.deps.clock.monotonic();
        return this.advance(hop, later);
      });
    }
    return this.#flushEnds(hop, at);
  }

  /** Continues after a wait, or ends a hop that is long: many short waits would otherwise keep it from ending. */
  #continueAfterWait(hop: Hop, after: Onward): MaybePromise<HopEnd> {
    if (after.kind === 'step' && isLong(hop, this.deps.clock.monotonic()))
      return this.#flushEnds(hop, this.#continueLater(hop, after));
    return this.advance(hop, after);
  }

  /** Writes the ends of items before the messages of the hop are published. */
  #flushEnds(hop: Hop, end: HopEnd): MaybePromise<HopEnd> {
    return hop.loopRows?.isDirty ? hop.loopRows.flush().then(() => end) : end;
  }

  /** Repeats the call of a `use` step with the input that was rendered before. */
  callAgain(hop: Hop, node: Node, call: PendingCall): MaybePromise<HopEnd> {
    if (!isVerb(node, 'use')) throw new Error(`step ${node.step.id} makes no call`);
    return this.#executeThenAdvance(hop, node, () => callAgain(this.#context, hop, node, call));
  }

  /** Continues after the call of a step that has succeeded. */
  succeeded(hop: Hop, node: Node, output: unknown): MaybePromise<HopEnd> {
    hop.record(node.step.id, output);
    return this.advance(hop, node.next);
  }

  /** Continues after the call of a step that has no further attempt. */
  failed(hop: Hop, node: Node, error: ErrorView, call: PendingCall | undefined): MaybePromise<HopEnd> {
    if (!isVerb(node, 'use') && !isVerb(node, 'call'))
      return chain(this.#blocks.fail(hop, error, hop.pathOf(node.step.id)), (after) => this.advance(hop, after));
    return this.#executeThenAdvance(hop, node, () => callFailed(this.#context, hop, node, error, call));
  }

  /** Continues a replay at a step. */
  replay(hop: Hop, node: Node, at: StepPath): MaybePromise<HopEnd> {
    this.#blocks.restartTimeouts(hop);
    return this.#executeThenAdvance(hop, node, () => this.#blocks.resumeAt(hop, node, at));
  }

  #executeThenAdvance(hop: Hop, node: Node, work: () => MaybePromise<Onward>): MaybePromise<HopEnd> {
    const timed = () => withTimeBudget(node.step.id, work);
    return chain(this.#guarded(hop, node, timed), (after) => this.advance(hop, after));
  }

  #executeNext(hop: Hop, at: Exclude<Onward, HopEnd>): MaybePromise<Onward> {
    switch (at.kind) {
      case 'step':
        return this.#guarded(hop, at, this.#step);
      case 'item-end':
        return this.#guarded(hop, at.loop, this.#itemEnd);
      case 'block-end':
        return this.#blocks.leaveTry(hop, at.block);
      case 'handler-end':
        return this.#blocks.handled(hop);
      case 'flow-end':
        return HOP_ENDS.done;
    }
  }

  /** Turns a thrown error into the failure of the step. Infrastructure errors are rethrown, and the broker redelivers the message. */
  #guarded<Of extends Step>(
    hop: Hop,
    node: Node<Of>,
    work: (hop: Hop, node: Node<Of>) => MaybePromise<Onward>,
  ): MaybePromise<Onward> {
    try {
      const next = work(hop, node);
      return isPromise(next) ? next.catch((error: unknown) => this.#thrown(hop, node, error)) : next;
    } catch (error) {
      return this.#thrown(hop, node, error);
    }
  }

  #thrown(hop: Hop, { step }: Node, error: unknown): MaybePromise<Onward> {
    if (this.deps.signal.aborted || isInfrastructureError(error)) throw error;
    return this.#blocks.fail(hop, viewError(error, { step: step.id }), hop.pathOf(step.id));
  }

  readonly #step = (hop: Hop, node: Node): MaybePromise<Onward> => withTimeBudget(node.step.id, () => this.#execute(hop, node));

  /** An item without `output` evaluates no expression at its end. */
  readonly #itemEnd = (hop: Hop, node: Node<ForEachStep>): MaybePromise<Onward> =>
    node.step.output === undefined
      ? this.#blocks.itemEnded(hop, node)
      : withTimeBudget(node.step.id, () => this.#blocks.itemEnded(hop, node));

  #execute(hop: Hop, node: Node): MaybePromise<Onward> {
    const { step } = node;
    hop.begin(step.id);
    if (hop.expired) return HOP_ENDS.expired;
    const { earliest } = hop;
    if (earliest && this.deps.clock.now() >= earliest.deadline) return this.#timedOut(hop, node, earliest.step);
    if (hop.observe) hop.report(hop.pathOf(step.id), { kind: 'begun', scope: hop.scope });
    if (step.if === undefined) return execute(this.#context, hop, node);
    return chain(step.if.test(hop.scope), (yes) => (yes ? execute(this.#context, hop, node) : this.#skipped(hop, node)));
  }

  #skipped(hop: Hop, { step, next }: Node): Onward {
    if (hop.observe) hop.report(hop.pathOf(step.id), { kind: 'skipped' });
    return next;
  }

  #timedOut(hop: Hop, { step }: Node, block: string): MaybePromise<Onward> {
    return this.#blocks.fail(hop, this.#blocks.timeoutOf(block), hop.pathOf(step.id), block);
  }

  #continueLater(hop: Hop, { step }: Node): HopEnd {
    const state = hop.state('continue', { at: hop.pathOf(step.id) });
    hop.outputs.push({
      queue: queues.next(hop.flow.name),
      message: runMessage({ state, body: hop.body }, this.deps.clock.now()),
    });
    hop.notable = true;
    return HOP_ENDS.suspended;
  }
}

/** Returns whether the hop has reached the limit of its time or of its outputs, so that the run continues in another one. */
function isLong(hop: Hop, now: number): boolean {
  if (now - hop.beganMonotonic >= MAX_HOP_MS) return true;
  const isLarge = hop.outputs.length >= MAX_LOOP_OUTPUTS || hop.outputBytes >= MAX_LOOP_OUTPUT_BYTES;
  return isLarge && hop.frames.some(({ block }) => block === 'loop');
}
