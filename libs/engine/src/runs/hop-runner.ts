import { engineFail, viewError, type ErrorView } from '@sluice/plugin-api';
import { MAX_NOTE_LENGTH, type Flow } from '@sluice/flow';
import { z } from 'zod';
import { validate } from '../validate.js';
import { stepTimeout } from '../calls/retry.js';
import { awaitStore } from '../coordination/await-store.js';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Delivery } from '../ports/bus.js';
import type { Store } from '../ports/store.js';
import type { StepRecorder } from '../recording/step-recorder.js';
import { Hop } from './hop.js';
import { endWith, HOP_ENDS, type HopEnd } from './hop-end.js';
import type { Program } from './program.js';
import { EXPIRED, type PendingCall, type RunMessage, type RunState } from './run-state.js';
import { stepIdOf, type StepPath } from './step-path.js';
import { Steps, type StepsDeps } from './steps.js';

export interface HopRunnerDeps extends StepsDeps {
  readonly store: Store;
  readonly env: Readonly<Record<string, string>>;
  /** Absent unless the flow has `journal: full`. */
  readonly recorder?: StepRecorder;
}

/** Runs the hops of one program: from a new event, or from the state of a run, until the run ends or waits. */
export class HopRunner {
  readonly #steps: Steps;
  /** Schema of the data of called runs; undefined when any data fits. */
  readonly #input: z.ZodType | undefined;

  constructor(
    readonly program: Program,
    private readonly deps: HopRunnerDeps,
  ) {
    this.#steps = new Steps(program, deps);
    const { trigger } = program.flow;
    if (trigger.kind === 'flow' && trigger.input) this.#input = z.fromJSONSchema(trigger.input);
  }

  /** Returns whether a run can continue at this path. */
  hasStep(path: StepPath): boolean {
    return this.program.nodeAt(path) !== undefined;
  }

  /** Returns whether the flow has the step and the blocks of the state. */
  fits(state: RunState): boolean {
    return missingStep(this.program, state) === undefined;
  }

  /**
   * Parks a run that this host cannot continue, with the result of its call. Resolves with `obsolete` when another end of the same step has
   * parked it.
   */
  async parkChanged(hop: Hop, state: RunState, why: string): Promise<HopEnd | 'obsolete'> {
    const { at = '', call, kind, run, epoch } = state;
    const races = call?.deadline !== undefined && kind !== 'replay' && kind !== 'retry';
    if (races && !(await this.deps.store.endStep(run, at, epoch, kind))) return 'obsolete';
    return changed(hop, at, state, why);
  }

  /** Returns the hop of a delivery. Its steps have not run yet. */
  open({ message }: Pick<Delivery, 'message'>, run: RunMessage | undefined): Hop {
    const { settings, env, clock, recorder, observer } = this.deps;
    const hop = run
      ? new Hop(this.program, run.state.event, run.body, settings, env, clock, run.state)
      : new Hop(this.program, message.attributes, message.body, settings, env, clock);
    hop.recorder = recorder;
    if (observer.step) hop.observe = (report) => observer.step?.(report);
    return hop;
  }

  /**
   * Runs the first hop of an event. Returns a promise only when a step has to wait, and `filtered` when the flow does not take the event
   * because `trigger.where` is false.
   */
  begin(hop: Hop): MaybePromise<HopEnd | 'filtered'> {
    return this.#unlessFiltered(hop, 'filtered' as const, () => this.#begin(hop));
  }

  /** Ends a called run whose data does not fit `input` of the trigger. Its caller receives the reason; there is nothing to replay. */
  #refusedInput(hop: Hop): HopEnd | undefined {
    if (!this.#input) return undefined;
    try {
      const checked = validate(this.#input, hop.scope.trigger?.['data']);
      if (checked.ok) return undefined;
      throw engineFail.INPUT_INVALID(
        `the data of the call does not fit the input of ${this.program.flow.name}: ${checked.problems}`,
      );
    } catch (error) {
      return endWith('dropped', viewError(error));
    }
  }

  #begin(hop: Hop): MaybePromise<HopEnd> {
    hop.recorder?.began(hop.recorded);
    const { maxBodyBytes } = this.program.flow.deliver;
    if (hop.body.length > maxBodyBytes) {
      const error = engineFail.BODY_TOO_LARGE(`the body has ${hop.body.length} bytes, and the flow takes ${maxBodyBytes}`);
      return endWith('parked', viewError(error));
    }
    return chain(this.#evaluateNote(hop), () => {
      if (hop.expired) return HOP_ENDS.expired;
      return this.#claimedThen(hop, () => this.#steps.advance(hop, this.program.first));
    });
  }

  /** Evaluates the note of the flow. A run whose note has no value, or whose note fails, has none: a note never ends a run. */
  #evaluateNote(hop: Hop): MaybePromise<void> {
    const { note } = this.program.flow;
    if (!note) return;
    try {
      const text = note.text(hop.scope);
      if (typeof text === 'string') hop.note = noteOf(text);
      else
        return text.then(
          (value) => void (hop.note = noteOf(value)),
          () => undefined,
        );
    } catch {
      hop.note = undefined;
    }
  }

  /**
   * Continues a run. Resolves with `obsolete` when the message has no effect, because another end of the same step has continued the run;
   * with `filtered` as {@link begin}.
   */
  async resume(hop: Hop, state: RunState): Promise<HopEnd | 'obsolete' | 'filtered'> {
    if (state.kind === 'begin') return this.#refusedInput(hop) ?? this.begin(hop);
    const gone = missingStep(this.program, state);
    if (state.kind === 'replay') {
      hop.recorder?.began(hop.recorded);
      const replay = () => this.#claimedThen(hop, () => this.#replay(hop, state, gone));
      // a run whose "where" had an error has no step yet; the flow may be corrected by now
      return beginsAnew(state) ? this.#unlessFiltered(hop, HOP_ENDS.stopped, replay) : replay();
    }
    if (gone !== undefined) return changed(hop, gone, state);
    const { at = '', call, kind } = state;
    const node = this.program.nodeAt(at);
    if (node && kind === 'continue') return hop.expired ? HOP_ENDS.expired : this.#steps.advance(hop, node);
    if (node && kind === 'retry' && call && !hop.expired) return this.#steps.callAgain(hop, node, call);
    // the step's result and its timer race; the run goes on with exactly one of them
    const races = call?.deadline !== undefined;
    if (races && !(await this.#stored(() => this.deps.store.endStep(state.run, at, state.epoch, kind)))) return 'obsolete';
    return this.#after(hop, state, at);
  }

  /**
   * Returns false when the run ends before its first step because `trigger.where` is false or has an error.
   *
   * @param state absent for an event
   */
  takes(hop: Hop, state: RunState | undefined): MaybePromise<boolean> {
    if (state && state.kind !== 'begin' && !beginsAnew(state)) return true;
    return chain(this.#evaluateWhere(hop), (taken) => taken === true);
  }

  /** Runs the work unless `trigger.where` is false. An error in it parks the run: it is never taken for "false". */
  #unlessFiltered<End, Otherwise>(
    hop: Hop,
    otherwise: Otherwise,
    work: () => MaybePromise<End>,
  ): MaybePromise<End | Otherwise | HopEnd> {
    return chain(this.#evaluateWhere(hop), (taken): MaybePromise<End | Otherwise | HopEnd> =>
      taken === true ? work() : taken === false ? otherwise : taken,
    );
  }

  /**
   * Evaluates `trigger.where`. The ingress has done so already for events that only this flow receives. Returns the end of a run whose
   * condition has an error.
   */
  #evaluateWhere(hop: Hop): MaybePromise<boolean | HopEnd> {
    const { where } = this.program.flow.trigger;
    if (where === undefined || hop.event.wherechecked) return true;
    const parked = (error: unknown) => endWith('parked', viewError(error));
    try {
      const taken = where.test(hop.scope);
      return isPromise(taken) ? taken.catch(parked) : taken;
    } catch (error) {
      return parked(error);
    }
  }

  #replay(hop: Hop, state: RunState, gone: string | undefined): MaybePromise<HopEnd> {
    const { at, result } = state;
    if (gone !== undefined) return changed(hop, gone, state);
    if (at === undefined) return this.#steps.advance(hop, this.program.first);
    if (result) return this.#after(hop, state, at);
    const node = this.program.nodeAt(at);
    return node ? this.#steps.replay(hop, node, at) : changed(hop, at, state);
  }

  /** Continues after the step whose call has ended, or whose timeout has passed. */
  #after(hop: Hop, state: RunState, at: StepPath): MaybePromise<HopEnd> {
    const { result, call, kind } = state;
    const node = this.program.nodeAt(at);
    if (!node) return changed(hop, at, state);
    // a successful call counts: the age of the event is checked again before the next step
    if (result?.ok) return this.#steps.succeeded(hop, node, result.output);
    // the owner of the pace may have found it expired by a clock that is ahead of ours
    if (result?.error.code === EXPIRED || hop.expired) return HOP_ENDS.expired;
    if (kind === 'timer' && call) return this.#steps.failed(hop, node, timeoutOf(at, call), call);
    if (result) return this.#steps.failed(hop, node, result.error, call);
    return endWith(
      'parked',
      viewError(engineFail.POISON(`the state of the run is a ${kind} without its result`), { step: node.step.id }),
    );
  }

  /** Runs the work once the run holds its key of `deliver.dedupe`. Ends the hop when another run holds it. */
  #claimedThen<End>(hop: Hop, work: () => MaybePromise<End>): MaybePromise<End | HopEnd> {
    const { dedupe } = this.program.flow.deliver;
    if (!dedupe || hop.claim !== undefined) return work();
    return chain(this.#claim(hop, dedupe), (claimed) => (claimed === 'claimed' ? work() : claimed));
  }

  async #claim(hop: Hop, dedupe: NonNullable<Flow['deliver']['dedupe']>): Promise<HopEnd | 'claimed'> {
    let key: string;
    try {
      key = await dedupe.key.text(hop.scope);
    } catch (error) {
      return endWith('parked', viewError(error));
    }
    const claim = { flow: this.program.flow.name, key, run: hop.run, withinMs: dedupe.withinMs };
    const holder = await this.#stored(() => this.deps.store.claims.claim(claim));
    if (holder !== hop.run)
      return endWith('duplicate', { code: 'DUPLICATE', fate: 'rejected', message: `duplicate of run ${holder}` });
    hop.claim = key;
    return 'claimed';
  }

  #stored<Result>(work: () => Promise<Result>): Promise<Result> {
    return awaitStore(this.deps.clock, this.deps.signal, work);
  }
}

/** Returns whether a replay begins before the first step. */
function beginsAnew({ kind, at }: RunState): boolean {
  return kind === 'replay' && at === undefined;
}

/** Returns the note on one line, cut to its maximum length; undefined when it is empty. */
function noteOf(text: string): string | undefined {
  const line = text
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line === ''
    ? undefined
    : Array.from(line.slice(0, 2 * MAX_NOTE_LENGTH))
        .slice(0, MAX_NOTE_LENGTH)
        .join('');
}

/** Returns the step or block of the state that the flow does not have any more; undefined when all are there. */
function missingStep(program: Program, { at, frames = [] }: RunState): string | undefined {
  const blocks = frames.map(({ step }) => step).filter((step) => step !== null);
  return [...(at === undefined ? [] : [at]), ...blocks].find((step) => program.nodeAt(step) === undefined);
}

/** Parks the run at the missing step with the result of its call. A replay continues there when the step exists again. */
function changed(
  hop: Hop,
  missing: string,
  { at = missing, result }: RunState,
  gone = `the run stands at step "${missing}", which ${hop.flow.name} does not have any more`,
): HopEnd {
  if (result?.ok) hop.unread = result;
  const error = result?.ok
    ? engineFail.FLOW_CHANGED(`${gone}: its call ${hop.run}/${at} was made, and what it returned is kept`)
    : engineFail.FLOW_CHANGED(gone);
  const uncalled = result?.ok === false && result.error.code === error.code;
  const view = uncalled ? result.error : viewError(error, { step: stepIdOf(missing) });
  hop.failure = { error: view, at, frames: [...hop.frames] };
  return endWith('parked', view);
}

function timeoutOf(at: StepPath, call: PendingCall): ErrorView {
  const step = stepIdOf(at);
  return viewError(stepTimeout(step, call), { step, ...(call.connection !== undefined && { connection: call.connection }) });
}
