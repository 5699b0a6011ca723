import { engineFail, viewError, type ErrorView, type Clock } from '@sluice/plugin-api';
import type { Flow, Settings } from '@sluice/flow';
import { stepTimeout } from '../calls/retry.js';
import { chain, type MaybePromise } from '../maybe-promise.js';
import type { Delivery } from '../ports/bus.js';
import type { Store } from '../ports/store.js';
import { Hop } from './hop.js';
import { endWith, HOP_ENDS, type HopEnd } from './hop-end.js';
import { linkProgram, type Program } from './program.js';
import { EXPIRED, type PendingCall, type RunMessage, type RunState, type StepResult } from './run-state.js';
import type { Steps } from './steps.js';

export interface HopRunnerDeps {
  readonly store: Store;
  readonly steps: Steps;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Runs the hops of one flow: from a new event, or from the state of a run, until the run ends or waits. */
export class HopRunner {
  readonly #program: Program;

  constructor(
    private readonly flow: Flow,
    private readonly deps: HopRunnerDeps,
  ) {
    this.#program = linkProgram(flow);
  }

  /** Returns whether a run can continue at this step. */
  hasStep(step: string): boolean {
    return this.#program.byId.has(step);
  }

  /** Returns the hop of a delivery. Its steps have not run yet. */
  open({ message }: Delivery, run: RunMessage | undefined): Hop {
    const { settings, env, clock } = this.deps;
    if (!run) return new Hop(this.flow, message.attributes, message.body, settings, env, clock);
    return new Hop(this.flow, run.state.event, run.body, settings, env, clock, run.state);
  }

  /** Runs the first hop of an event. Returns a promise only when a step has to wait. */
  begin(hop: Hop): MaybePromise<HopEnd> {
    const { maxBodyBytes } = this.flow.deliver;
    if (hop.body.length > maxBodyBytes) {
      const error = engineFail.BODY_TOO_LARGE(`the body has ${hop.body.length} bytes, and the flow takes ${maxBodyBytes}`);
      return endWith('parked', viewError(error));
    }
    if (hop.expired) return HOP_ENDS.expired;
    return this.#claimedThen(hop, () => this.deps.steps.advance(hop, this.#program.first));
  }

  /** Continues a run. Resolves with `obsolete` when the message has no effect: another end of the same step has continued the run. */
  async resume(hop: Hop, state: RunState): Promise<HopEnd | 'obsolete'> {
    const at = state.at ?? '';
    const node = this.#program.byId.get(at);
    if (state.kind === 'replay') {
      return this.#claimedThen(hop, () => (state.result ? this.#after(hop, state, at) : this.#advance(hop, state.at)));
    }
    if (state.kind === 'retry' && node && state.call && !hop.expired) return this.deps.steps.callAgain(hop, node, state.call);
    // the step's result and its timer race; the run goes on with exactly one of them
    const races = state.call?.deadline !== undefined;
    if (races && !(await this.deps.store.endStep(state.run, at, state.epoch, state.kind))) return 'obsolete';
    return this.#after(hop, state, at);
  }

  /** Continues after the step whose call has ended, or whose timeout has passed. */
  #after(hop: Hop, state: RunState, at: string): MaybePromise<HopEnd> {
    const { steps } = this.deps;
    const { result, call, kind } = state;
    const node = this.#program.byId.get(at);
    if (!node) return changed(hop, at, result);
    // a successful call counts: the age of the event is checked again before the next step
    if (result?.ok) {
      hop.steps[at] = result.output;
      return steps.advance(hop, node.next);
    }
    // the owner of the pace may have found it expired by a clock that is ahead of ours
    if (result?.error.code === EXPIRED || hop.expired) return HOP_ENDS.expired;
    if (kind === 'timer' && call) return steps.failed(hop, node, timeoutOf(at, call));
    if (result) return steps.failed(hop, node, result.error);
    return endWith('parked', viewError(engineFail.POISON(`the state of the run is a ${kind} without its result`), { step: at }));
  }

  /** Runs from this step, or from the first one. */
  #advance(hop: Hop, at: string | undefined): MaybePromise<HopEnd> {
    const from = at === undefined ? this.#program.first : this.#program.byId.get(at);
    return from ? this.deps.steps.advance(hop, from) : changed(hop, at ?? '', undefined);
  }

  /** Runs the work once the run holds its key of `deliver.dedupe`. Ends the hop when another run holds it. */
  #claimedThen<End>(hop: Hop, work: () => MaybePromise<End>): MaybePromise<End | HopEnd> {
    const { dedupe } = this.flow.deliver;
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
    const holder = await this.deps.store.claims.claim({ flow: this.flow.name, key, run: hop.run, withinMs: dedupe.withinMs });
    if (holder !== hop.run)
      return endWith('duplicate', { code: 'DUPLICATE', fate: 'rejected', message: `duplicate of run ${holder}` });
    hop.claim = key;
    return 'claimed';
  }
}

/** Parks the run at the missing step with the result of its call. A replay continues there when the step exists again. */
function changed(hop: Hop, at: string, result: StepResult | undefined): HopEnd {
  const gone = `the run stands at step "${at}", which ${hop.flow.name} does not have any more`;
  if (result?.ok) hop.unread = result;
  const error = result?.ok
    ? engineFail.FLOW_CHANGED(`${gone}: its call ${hop.run}/${at} was made, and what it returned is kept`)
    : engineFail.FLOW_CHANGED(gone);
  const uncalled = result?.ok === false && result.error.code === error.code;
  return endWith('parked', uncalled ? result.error : viewError(error, { step: at }));
}

function timeoutOf(at: string, call: PendingCall): ErrorView {
  return viewError(stepTimeout(at, call), { step: at, ...(call.connection !== undefined && { connection: call.connection }) });
}
