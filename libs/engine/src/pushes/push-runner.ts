import type { Log, Clock } from '@sluice/plugin-api';
import type { PaceConfig, Settings } from '@sluice/flow';
import type { Connection } from '../calls/connection.js';
import type { Readiness } from '../coordination/readiness.js';
import { stopController } from '../coordination/stop-controller.js';
import { messageOf } from '../message-of.js';
import { queues, type Bus } from '../ports/bus.js';
import {
  PUSH_CLASSES,
  type CallEnd,
  type Pace,
  type Pacer,
  type PaceState,
  type PushClass,
  type PushOwner,
} from '../ports/pacer.js';
import { PushBuffer } from './push-buffer.js';
import { PushCaller, type PushCallerDeps } from './push-caller.js';
import { PushIntake, type PushIntakeDeps } from './push-intake.js';
import { PushErrorPolicy } from './push-error-policy.js';

const MAX_HELD_CHECK_MS = 30_000;

export interface PushRunnerDeps extends PushIntakeDeps, PushCallerDeps {
  readonly bus: Bus;
  readonly pacer: Pacer;
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  /** Fires at a graceful stop: no new call begins. */
  readonly signal: AbortSignal;
  readonly readiness: Readiness;
}

/**
 * Makes the paced calls into one connection while this host owns it: one call for each free slot, of the pushes that {@link PushBuffer}
 * holds. Publishes each outcome as the continuation of its run. It decides nothing about flows: `onError` and parking happen in the hop
 * that reads the continuation.
 */
export class PushRunner implements PushOwner {
  readonly probe?: () => Promise<void>;
  readonly #buffer: PushBuffer;
  readonly #intake: PushIntake;
  readonly #caller: PushCaller;
  /** Fires when the time for calls in flight has passed at a graceful stop. */
  readonly #cut = stopController();
  #pace: Pace | undefined;
  #limit: number;
  #inFlight = 0;
  /** The error of the last call that did not reach the remote system. */
  #unreachable: unknown;
  #awaySince = 0;

  constructor(
    private readonly connection: Connection,
    readonly config: PaceConfig,
    private readonly deps: PushRunnerDeps,
  ) {
    this.#limit = config.concurrency.start;
    this.#buffer = new PushBuffer(this.name, {
      bus: deps.bus,
      log: deps.log,
      clock: deps.clock,
      signal: deps.signal,
      shares: config.shares,
      limit: this.#limit,
      suspects: deps.suspects,
      readiness: deps.readiness,
      consumerTimeoutMs: deps.settings.rabbit.consumerTimeoutMs,
      changed: () => this.#pace?.wake(),
      arrived: () => this.#intake.arrived(),
    });
    this.#intake = new PushIntake(this.name, this.#buffer, deps);
    this.#caller = new PushCaller(this.name, this.#intake, new PushErrorPolicy(config.breaker.probeMs, deps.clock), deps, {
      load: () => ({ inFlight: this.#inFlight, limit: this.state()?.limit ?? this.#limit }),
      cut: this.#cut.signal,
      onUnreachable: (error) => void (this.#unreachable = error),
    });
    if (connection.plugin.check) this.probe = () => connection.check();
  }

  get name(): string {
    return this.connection.spec.name;
  }

  /** Undefined before `run`. */
  state(): PaceState | undefined {
    const state = this.#pace?.state();
    return state && state.breaker !== 'closed' && this.#awaySince > 0 ? { ...state, closedSince: this.#awaySince } : state;
  }

  async declare(): Promise<void> {
    for (const priority of PUSH_CLASSES) {
      await this.deps.bus.declare({ queue: queues.push(this.name, priority) });
      await this.deps.bus.declare({ queue: queues.pushAgain(this.name, priority) });
    }
  }

  /**
   * Competes for the connection until the signal fires. Resolves when its calls have ended and all other pushes are back in their queues.
   */
  async run(): Promise<void> {
    const everyMs = Math.min(MAX_HELD_CHECK_MS, this.deps.settings.rabbit.consumerTimeoutMs / 10);
    const timer = this.deps.clock.every(everyMs, () => this.#buffer.handBackOld()).unref();
    this.#pace = this.deps.pacer.own(this.name, this.config, this, this.deps.signal);
    await this.#pace.ended;
    timer.cancel();
    this.#intake.stop();
    this.#cut.abort(new Error('the host stops'));
    await this.#buffer.close();
    await this.#buffer.confirmed();
  }

  waiting(open: readonly PushClass[]): number {
    return this.#buffer.waiting(open);
  }

  async start(open: readonly PushClass[]): Promise<CallEnd | 'idle'> {
    const push = this.#intake.next(open);
    if (!push) return 'idle';
    this.#inFlight++;
    try {
      return await this.#caller.make(push);
    } finally {
      this.#inFlight--;
    }
  }

  onLimitChanged(limit: number): void {
    this.#limit = limit;
    this.#buffer.onLimitChanged(limit);
  }

  onOpened(): void {
    this.#buffer.open();
  }

  onClosed(): void {
    void this.#buffer.close();
  }

  /** Both are warnings: a reader of the outage has to see its end too, even where only warnings are shown. */
  onBreakerChanged(open: boolean): void {
    if (open) this.#awaySince = this.deps.clock.now();
    const probeS = this.config.breaker.probeMs / 1_000;
    const awayS = Math.round((this.deps.clock.now() - this.#awaySince) / 1_000);
    this.deps.log.warn(
      open
        ? `${this.name} cannot be reached: ${messageOf(this.#unreachable)}. Its calls wait, no call is lost; it is checked again every ${probeS} s`
        : `${this.name} is available again after ${awayS} s: the waiting calls continue`,
    );
  }
}
