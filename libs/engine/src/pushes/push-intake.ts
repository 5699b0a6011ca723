import type { Clock, Log, Timer } from '@sluice/plugin-api';
import type { Connections } from '../calls/connections.js';
import { prepareCall } from '../calls/prepared-call.js';
import { queues, type Outgoing } from '../ports/bus.js';
import type { PushClass } from '../ports/pacer.js';
import { CompletedWork } from '../runs/completed-work.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import type { StepPresence } from '../runs/program.js';
import { readRun } from '../runs/run-codec.js';
import type { BufferedPush, PushBuffer, ReadPush } from './push-buffer.js';
import { continuation, expired, isPush, parkedUncalled, pushAgain, pushKey, uncalled, type Push } from './push-messages.js';

/** Time for the table of revisions to be read, in milliseconds. */
const REVISION_LOOKUP_MS = 1_000;

/** Time after the arrival of a push at which the check for stale pushes runs, in milliseconds. Most pushes are called sooner. */
const STALE_CHECK_MS = 1_000;
/** The same time when the last check found stale pushes: those that follow in the queue are likely to be stale as well. */
const NEXT_STALE_CHECK_MS = 10;
/** Maximum time between two checks, in milliseconds: a timer cannot be set for longer than 24 days. */
const MAX_STALE_CHECK_MS = 60 * 60_000;

export interface PushIntakeDeps {
  readonly connections: Connections;
  readonly newer: NewerStateQueues;
  /** Returns whether the call of a run can be made; undefined when that is not known yet. */
  readonly presenceOfCall: (flow: string, step: string, revision: string) => StepPresence | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** A push whose call can be made now. */
export interface CallablePush extends ReadPush {
  readonly held: BufferedPush;
}

/**
 * Chooses the next push of one connection whose call is to be made, and settles pushes that need no call: copies, stale ones
 * (past their deadline, or of an expired event) and those without a step. Each push is settled through this class, so that its copies are recognised.
 */
export class PushIntake {
  /** Pushes from the start of their call until the result is confirmed, by key. A copy that arrives in that time is not called. */
  readonly #calling = new Map<string, BufferedPush>();
  readonly #answered: CompletedWork;
  /** Missing steps that were reported. */
  readonly #missed = new Set<string>();
  /** The next check for stale pushes, and its monotonic time in milliseconds. */
  #staleCheck: { readonly timer: Timer; readonly at: number } | undefined;
  #foundStale = false;

  constructor(
    private readonly connection: string,
    private readonly buffer: PushBuffer,
    private readonly deps: PushIntakeDeps,
  ) {
    this.#answered = new CompletedWork(deps.clock);
  }

  /** Returns the next push to call; undefined when none of the open classes has one. */
  next(open: readonly PushClass[]): CallablePush | undefined {
    for (let held = this.buffer.take(open); held; held = this.buffer.take(open)) {
      const read = this.#read(held);
      if (!read) continue;
      const { run } = read;
      held.key = pushKey(run);
      if (this.#isCopy(held)) continue;
      this.#calling.set(held.key, held);
      const { flow, revision, at = '' } = run.state;
      const presence = this.deps.presenceOfCall(flow, at, revision);
      const now = this.deps.clock.now();
      if (presence === undefined) this.#postpone(held, run);
      else if (presence !== 'here') this.#park(held, run, presence);
      else if (isStale(run, now)) this.#settleStale(held, run, now);
      else return { held, ...read };
    }
    return undefined;
  }

  /**
   * Schedules a check for stale pushes. A push whose connection is closed for long would otherwise end only when its call could begin: a sender
   * would wait for its answer until then, and fresh calls would wait behind it.
   */
  arrived(): void {
    this.#scheduleStaleCheck(this.#foundStale ? NEXT_STALE_CHECK_MS : STALE_CHECK_MS);
  }

  /** Cancels the check for stale pushes. */
  stop(): void {
    this.#staleCheck?.timer.cancel();
  }

  #scheduleStaleCheck(ms: number): void {
    const { clock } = this.deps;
    const at = clock.monotonic() + ms;
    if (this.#staleCheck && this.#staleCheck.at <= at) return;
    this.#staleCheck?.timer.cancel();
    this.#staleCheck = { at, timer: clock.after(ms, () => this.#endStale()).unref() };
  }

  /** Settles the pushes that became stale while they waited here, and schedules the check of the next one that will. */
  #endStale(): void {
    this.#staleCheck = undefined;
    const now = this.deps.clock.now();
    const stale = this.buffer.takeEach((one) => this.#endsUncalled(one, now));
    this.#foundStale = stale.length > 0;
    for (const held of stale) {
      if (!held.read) continue;
      const { run } = held.read;
      held.key = pushKey(run);
      if (this.#isCopy(held)) continue;
      this.#calling.set(held.key, held);
      this.#settleStale(held, run, now);
    }
    const next = Math.min(...this.buffer.held.map(({ read }) => (read ? staleAt(read.run) : Infinity)));
    if (next < Infinity) this.#scheduleStaleCheck(Math.min(Math.max(next - this.deps.clock.now(), 0), MAX_STALE_CHECK_MS));
  }

  /** Returns true for a push that is stale, and for one that could not be read and is settled already. */
  #endsUncalled(held: BufferedPush, now: number): boolean {
    const read = this.#read(held);
    return !read || isStale(read.run, now);
  }

  /** Settles a stale push. The timer of its step has continued the run after the deadline; an expired event ends its run here. */
  #settleStale(held: BufferedPush, run: Push, now: number): void {
    const { deadline } = run.state.call;
    const isLate = deadline !== undefined && now >= deadline;
    this.settle(held, isLate ? [] : [continuation(run, expired(), now)]);
  }

  /** Publishes the outputs and removes the push from its queue once they are confirmed. */
  settle(held: BufferedPush, outputs: readonly Outgoing[]): void {
    this.buffer.settle(held, outputs, (done) => {
      this.#calling.delete(held.key);
      if (done) this.#answered.add(held.key);
    });
  }

  /** Publishes the push again with a short delay. Its copies must not be taken for it, because it has not been answered. */
  #postpone(held: BufferedPush, run: Push): void {
    const again = pushAgain(this.connection, run, run.state.call, REVISION_LOOKUP_MS, this.deps.clock.now());
    this.buffer.settle(held, [again], () => this.#calling.delete(held.key));
  }

  /** Returns the push to its queue without a call. This host or another one receives it again. */
  handBack(held: BufferedPush): void {
    this.#calling.delete(held.key);
    held.release();
  }

  /** Keeps the push in memory for a later call. */
  keep(held: BufferedPush): void {
    this.#calling.delete(held.key);
    this.buffer.keep(held);
  }

  /** Returns the run that waits for its call, which is read and checked once. A message that contains no such run is parked. */
  #read(held: BufferedPush): ReadPush | undefined {
    if (held.read) return held.read;
    const { delivery } = held;
    const read = readRun(delivery.message.body);
    if (read.kind === 'run' && isPush(read.run)) {
      const { run } = read;
      return (held.read = { run, prepared: prepareCall(this.deps.connections, run.state.call) });
    }
    if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
    else delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    return undefined;
  }

  /** Returns whether the push is a copy: the broker redelivers a message whose first delivery it lost, even while the call is open here. */
  #isCopy(held: BufferedPush): boolean {
    const calling = this.#calling.get(held.key);
    if (calling) calling.add(held.delivery);
    else if (this.#answered.has(held.key)) held.drop();
    else return false;
    return true;
  }

  /** Parks a push whose step no longer exists. Its call is not made, because a replay could repeat it only under another id. */
  #park(held: BufferedPush, run: Push, presence: 'step-gone' | 'flow-gone'): void {
    const { flow, at = '' } = run.state;
    const missed = `${flow}/${at}`;
    if (!this.#missed.has(missed)) {
      this.#missed.add(missed);
      this.deps.log.error(
        `${this.connection}: runs wait at step "${at}" of ${flow}, which is not there any more: their calls are not made, the runs are parked`,
        { cure: 'add the step again and replay the runs, or replay them with --from-start' },
      );
    }
    // the hop of a deployed flow parks the run, writes the journal and answers a sender that waits for a reply
    const now = this.deps.clock.now();
    const outputs =
      presence === 'step-gone'
        ? [continuation(run, { ok: false, error: uncalled(run) }, now)]
        : parkedUncalled(run, uncalled(run), now);
    this.settle(held, outputs);
  }
}

/** Returns the time from which the call of a push is not made any more, in milliseconds since 1970. Infinity: it stays wanted. */
function staleAt({ state: { call } }: Push): number {
  return Math.min(call.deadline ?? Infinity, (call.expiresAt ?? Infinity) + 1);
}

function isStale(run: Push, now: number): boolean {
  return now >= staleAt(run);
}
