import { isSluiceError, type ErrorView, pause, type Clock } from '@sluice/plugin-api';
import type { Flow } from '@sluice/flow';
import { OUTAGE_PAUSE_MS } from '@sluice/runtime';
import { queues, type Bus, type Outgoing } from '../ports/bus.js';
import type { Hop } from '../runs/hop.js';
import { encodeRun, runMessage } from '../runs/run-codec.js';
import type { PendingCall } from '../runs/run-state.js';
import { stepIdOf, type StepPath } from '../runs/step-path.js';
import { viewOfCall, type CallExecutor, type CallOutcome } from './call-executor.js';
import type { PreparedCall, RefusedCall } from './prepared-call.js';
import { postponedMs, decideRetry, stepTimeout } from './retry.js';

const UNPACED_LOAD = { inFlight: 1, limit: Number.POSITIVE_INFINITY };

export interface UnpacedCallsDeps {
  readonly bus: Bus;
  readonly executor: CallExecutor;
  readonly clock: Clock;
  /** Fires when the host must stop at once: calls are aborted. */
  readonly signal: AbortSignal;
}

/** The outcome of a step's call. */
export type StepEnd =
  | { readonly kind: 'output'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: ErrorView }
  /** The continuation of the run is among the outputs of the hop, or the plugin has it. */
  | { readonly kind: 'suspended' };

/** Makes the calls without a pace: within the hop, which holds its message during the call. */
export class UnpacedCalls {
  constructor(
    private readonly flow: Flow,
    private readonly deps: UnpacedCallsDeps,
  ) {}

  /** Makes the call. Throws only infrastructure errors of this host; errors of the call are returned. */
  async make(hop: Hop, step: StepPath, call: PendingCall, prepared: PreparedCall | RefusedCall): Promise<StepEnd> {
    hop.notable = true;
    // the state that the action may store names items whose ends have to be stored
    await hop.loopRows?.flush();
    await this.#publishEarly(hop);
    hop.hasCalled = true;
    if (call.deadline !== undefined && this.deps.clock.now() >= call.deadline) return timedOut(step, call);
    const outcome = await this.deps.executor.make({
      run: hop.journaled,
      step,
      call,
      prepared,
      signal: this.deps.signal,
      ...(prepared.ok && { admit: (signal) => prepared.connection.admit(signal) }),
      // the token that the action stores is the run's state, so this host keeps none of it
      suspend: () => encodeRun({ state: hop.state('result', { at: step, call: { ...call, input: null } }), body: hop.body }),
      load: () => UNPACED_LOAD,
      journaled: this.flow.journal !== 'off',
      ...(hop.recorder && { recorded: hop.recorded }),
    });
    switch (outcome.kind) {
      case 'output':
        hop.outputs.push(...outcome.emitted);
        return { kind: 'output', output: outcome.output };
      case 'suspended':
        hop.outputs.push(...outcome.emitted);
        hop.startTimer(step, call);
        hop.waitFor(step, call, { kind: 'result', ...(call.deadline !== undefined && { until: call.deadline }) });
        return { kind: 'suspended' };
      case 'failed':
        return this.#failed(hop, step, call, prepared, outcome);
    }
  }

  /** Publishes the outputs of earlier steps first: they must not wait for a call that may be slow. */
  async #publishEarly(hop: Hop): Promise<void> {
    const early = hop.outputs.length;
    if (early > 0) await this.#published(hop.outputs.slice());
    hop.outputs.splice(0, early);
  }

  /** Tries until the broker has confirmed. Returning the hop to its queue would count as if it had killed its host. */
  async #published(outputs: readonly Outgoing[]): Promise<void> {
    for (;;) {
      try {
        return await this.deps.bus.publish(outputs);
      } catch (error) {
        if (this.deps.signal.aborted || !isInfrastructureError(error)) throw error;
        await pause(this.deps.clock, OUTAGE_PAUSE_MS, this.deps.signal);
      }
    }
  }

  #failed(
    hop: Hop,
    step: StepPath,
    call: PendingCall,
    { idempotent }: PreparedCall | RefusedCall,
    { error, ms, timedOut: passed }: Extract<CallOutcome, { readonly kind: 'failed' }>,
  ): StepEnd {
    const verdict = decideRetry(error, {
      attempt: call.attempt,
      attempts: call.policy.attempts,
      idempotent,
      spares: false,
      where: `${call.plugin}.${call.action}`,
    });
    if (this.deps.signal.aborted) throw error;
    const wait = postponedMs(error, call, ms);
    const late = verdict.kind === 'again' && call.deadline !== undefined && this.deps.clock.now() + wait >= call.deadline;
    if (passed || late) return timedOut(step, call, error);
    if (verdict.kind === 'again') return this.#later(hop, step, call, wait);
    return { kind: 'failed', error: viewOfCall(step, call, verdict.kind === 'failed' ? verdict.error : error) };
  }

  /** Publishes the same call with a durable delay. */
  #later(hop: Hop, step: StepPath, call: PendingCall, ms: number): StepEnd {
    const next = { ...call, attempt: call.attempt + 1 };
    const until = this.deps.clock.now() + ms;
    const message = runMessage({ state: hop.state('retry', { at: step, call: next }), body: hop.body }, this.deps.clock.now());
    hop.outputs.push({ queue: queues.next(this.flow.name), message, notBefore: until });
    hop.waitFor(step, next, { kind: 'retry', priority: call.priority, attempts: call.policy.attempts, until });
    return { kind: 'suspended' };
  }
}

/** Returns whether the broker or the database caused the error, and not the run. */
export function isInfrastructureError(error: unknown): boolean {
  return isSluiceError(error) && (error.code === 'BUS_UNAVAILABLE' || error.code === 'STORE_UNAVAILABLE');
}

function timedOut(step: StepPath, call: PendingCall, cause?: unknown): StepEnd {
  return { kind: 'failed', error: viewOfCall(step, call, stepTimeout(stepIdOf(step), call, cause)) };
}
