import {
  isSluiceError,
  viewError,
  type AnyAction,
  type AnyPlugin,
  type ErrorView,
  type Log,
  type NewEvent,
} from '@sluice/plugin-api';
import type { Flow, Settings, UseStep } from '@sluice/flow';
import { abortAt } from '../coordination/abort-at.js';
import { actionOf, idempotenceOf } from './actions.js';
import type { Connections } from './connections.js';
import { emitCause, emittedByCall } from '../runs/emitted.js';
import type { Hop } from '../runs/hop.js';
import { pause } from '../coordination/lease.js';
import type { Observer } from '../observer.js';
import { queues, type Bus, type Outgoing } from '../ports/bus.js';
import { postponedMs, decideRetry, stepTimeout } from './retry.js';
import { encodeRun, runMessage } from '../runs/run-codec.js';
import type { PendingCall } from '../runs/run-state.js';

const NEVER = new Date(8.64e15);
/** Pause before the next try while the broker is away. */
const AWAY_PAUSE_MS = 1_000;

export interface UnpacedCallsDeps {
  readonly bus: Bus;
  readonly connections: Connections;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly settings: Settings;
  readonly observer: Observer;
  readonly log: Log;
  /** Fires when the host must stop at once: calls are aborted. */
  readonly signal: AbortSignal;
}

/** The outcome of a step's call. */
export type StepEnd =
  | { readonly kind: 'output'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: ErrorView }
  /** The continuation of the run is among the outputs of the hop, or the plugin has it. */
  | { readonly kind: 'suspended' };

type CallOutcome =
  | { readonly ok: true; readonly output: unknown; readonly suspended: boolean }
  | { readonly ok: false; readonly error: unknown; readonly ms: number; readonly timedOut: boolean };

/** Makes the calls without a pace: within the hop, which holds its message during the call. */
export class UnpacedCalls {
  constructor(
    private readonly flow: Flow,
    private readonly deps: UnpacedCallsDeps,
  ) {}

  /** Makes the call. Throws only infrastructure errors of this host; errors of the call are returned. */
  async make(hop: Hop, step: UseStep, call: PendingCall): Promise<StepEnd> {
    hop.notable = true;
    hop.enter(step.id);
    await this.#publishEarly(hop);
    if (call.deadline !== undefined && Date.now() >= call.deadline) return timedOut(step, call);
    const action = actionOf(this.deps.plugins, step.plugin, step.action);
    const called = await this.#call(hop, step, action, call);
    if (!called.ok) return this.#failed(hop, step, action, call, called);
    if (!called.suspended) return { kind: 'output', output: called.output };
    // the token that the action stores is the run's state, so this host keeps none of it
    hop.startTimer(step.id, call);
    return { kind: 'suspended' };
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
        await pause(AWAY_PAUSE_MS, this.deps.signal);
      }
    }
  }

  async #call(hop: Hop, step: UseStep, action: AnyAction<unknown>, call: PendingCall): Promise<CallOutcome> {
    const { connections, settings, log, signal } = this.deps;
    const connection = connections.get(step.plugin, step.connection);
    const timeout = call.deadline === undefined ? undefined : abortAt(call.deadline);
    const emitted: (NewEvent & { readonly type: string })[] = [];
    const began = Date.now();
    let suspended = false;
    try {
      const output = await connection.runUnpaced(action, step.action, call.input, {
        id: `${hop.run}/${step.id}`,
        attempt: call.attempt,
        deadline: call.deadline === undefined ? NEVER : new Date(call.deadline),
        signal: timeout ? AbortSignal.any([timeout, signal]) : signal,
        log,
        correlationid: hop.event.correlationid ?? hop.event.id,
        emit: (event) => void emitted.push(event),
        suspend: () => {
          suspended = true;
          return encodeRun({ state: hop.state('result', { at: step.id, call: { ...call, input: null } }), body: hop.body });
        },
      });
      hop.outputs.push(...emittedByCall(emitCause(hop.event, this.flow.name, settings.limits), hop.run, step.id, emitted));
      this.#report(step, call, began);
      return { ok: true, output, suspended };
    } catch (error) {
      this.#report(step, call, began, viewError(error, whereOf(step, call)));
      return { ok: false, error, ms: Date.now() - began, timedOut: timeout?.aborted === true };
    }
  }

  #report(step: UseStep, call: PendingCall, began: number, error?: ErrorView): void {
    this.deps.observer.called({
      flow: this.flow.name,
      step: step.id,
      plugin: step.plugin,
      action: step.action,
      input: call.input,
      attempt: call.attempt,
      ms: Date.now() - began,
      waitedMs: began - call.since,
      inFlight: 1,
      limit: Number.POSITIVE_INFINITY,
      ...(step.connection !== undefined && { connection: step.connection }),
      ...(error && { error }),
    });
  }

  #failed(
    hop: Hop,
    step: UseStep,
    action: AnyAction<unknown>,
    call: PendingCall,
    called: Extract<CallOutcome, { readonly ok: false }>,
  ): StepEnd {
    const verdict = decideRetry(called.error, {
      attempt: call.attempt,
      attempts: call.policy.attempts,
      idempotent: idempotenceOf(action, call.input),
      spares: false,
      where: `${step.plugin}.${step.action}`,
    });
    if (this.deps.signal.aborted) throw called.error;
    const wait = postponedMs(called.error, call, called.ms);
    const late = verdict.kind === 'again' && call.deadline !== undefined && Date.now() + wait >= call.deadline;
    if (called.timedOut || late) return timedOut(step, call, called.error);
    if (verdict.kind === 'again') return this.#later(hop, step, call, wait);
    const error = verdict.kind === 'failed' ? verdict.error : called.error;
    return { kind: 'failed', error: viewError(error, whereOf(step, call)) };
  }

  /** Publishes the same call with a durable delay. */
  #later(hop: Hop, step: UseStep, call: PendingCall, ms: number): StepEnd {
    const state = hop.state('retry', { at: step.id, call: { ...call, attempt: call.attempt + 1 } });
    const message = runMessage({ state, body: hop.body });
    hop.outputs.push({ queue: queues.next(this.flow.name), message, notBefore: Date.now() + ms });
    return { kind: 'suspended' };
  }
}

/** Returns whether the broker or the database caused the error, and not the run. */
export function isInfrastructureError(error: unknown): boolean {
  return isSluiceError(error) && (error.code === 'BUS_UNAVAILABLE' || error.code === 'STORE_UNAVAILABLE');
}

function timedOut(step: UseStep, call: PendingCall, cause?: unknown): StepEnd {
  return { kind: 'failed', error: viewError(stepTimeout(step.id, call, cause), whereOf(step, call)) };
}

function whereOf(step: UseStep, call: PendingCall): { step: string; connection?: string; attempt: number } {
  return { step: step.id, attempt: call.attempt, ...(step.connection !== undefined && { connection: step.connection }) };
}
