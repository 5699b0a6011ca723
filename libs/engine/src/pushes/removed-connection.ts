import { engineFail, pause, viewError, type Clock, type ErrorView, type Log } from '@sluice/plugin-api';
import { underLease } from '../coordination/under-lease.js';
import { messageOf } from '../message-of.js';
import { queues, type Bus, type Consumer, type Delivery } from '../ports/bus.js';
import type { HostStore } from '../ports/hosts.js';
import { PUSH_CLASSES } from '../ports/pacer.js';
import type { LeaseStore } from '../ports/store.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import { readRun } from '../runs/run-codec.js';
import { continuation, isPush, parkedUncalled, type Push } from './push-messages.js';

const PREFETCH = 50;
/** Interval at which the table of hosts is read, in milliseconds. */
const LOOK_MS = 5_000;

export interface RemovedConnectionDeps {
  readonly bus: Bus;
  readonly leases: LeaseStore;
  readonly hosts: HostStore;
  readonly hostId: string;
  readonly newer: NewerStateQueues;
  /** Returns whether this host continues the runs of the flow. */
  readonly hasFlow: (flow: string) => boolean;
  readonly log: Log;
  readonly clock: Clock;
}

/** Returns the queues of a connection's pushes. */
export function pushQueues(connection: string): readonly string[] {
  return PUSH_CLASSES.flatMap((priority) => [queues.push(connection, priority), queues.pushAgain(connection, priority)]);
}

/**
 * Owns a connection that is not in the workspace any more, while messages may still arrive in its queues: answers each push with
 * `FLOW_CHANGED`, so that its run is parked and can be replayed when the connection is back. While another host has the connection, as during
 * a deployment, that host makes the calls and this one waits.
 */
export class RemovedConnection {
  #reported = false;

  constructor(
    private readonly name: string,
    private readonly deps: RemovedConnectionDeps,
  ) {}

  /** Resolves after the signal, when nothing is consumed any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { leases, hostId, clock } = this.deps;
    while (!signal.aborted) {
      if (!(await this.#isElsewhere())) {
        const elsewhere = new AbortController();
        const owning = AbortSignal.any([signal, elsewhere.signal]);
        void this.#untilElsewhere(owning).then(() => elsewhere.abort());
        await underLease(leases, hostId, `pace.${this.name}`, clock, owning, (alive) => this.#consume(alive));
      }
      await pause(clock, LOOK_MS, signal, { ref: false });
    }
  }

  async #untilElsewhere(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#isElsewhere())) await pause(this.deps.clock, LOOK_MS, signal, { ref: false });
  }

  /** Also while the table of hosts cannot be read: a push must not be answered that another host would call. */
  async #isElsewhere(): Promise<boolean> {
    const [queue] = pushQueues(this.name);
    try {
      const hosts = await this.deps.hosts.list();
      return hosts.some(({ id, live, consumes }) => live && id !== this.deps.hostId && consumes.includes(queue as string));
    } catch (error) {
      this.deps.log.debug(`${this.name}: the hosts cannot be listed`, { reason: messageOf(error) });
      return true;
    }
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.deps;
    const consumers: Consumer[] = [];
    while (!signal.aborted && consumers.length === 0) {
      try {
        for (const queue of pushQueues(this.name))
          consumers.push(await bus.consume(queue, { prefetch: PREFETCH }, (delivery) => this.#answer(delivery)));
      } catch (error) {
        log.warn(`${this.name}: the pushes of the removed connection cannot be consumed, trying again`, {
          reason: messageOf(error),
        });
        await Promise.allSettled(consumers.splice(0).map((consumer) => consumer.stop()));
        await pause(clock, LOOK_MS, signal, { ref: false });
      }
    }
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.allSettled(consumers.map((consumer) => consumer.stop()));
  }

  #answer(delivery: Delivery): void {
    const read = readRun(delivery.message.body);
    if (read.kind === 'newer') return this.deps.newer.handBack(delivery, read.version);
    if (read.kind !== 'run' || !isPush(read.run)) return delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    const { run } = read;
    const now = this.deps.clock.now();
    const error = this.#errorOf(run);
    this.#report();
    const outputs = this.deps.hasFlow(run.state.flow)
      ? [continuation(run, { ok: false, error }, now)]
      : parkedUncalled(run, error, now);
    delivery.settle(outputs);
  }

  #errorOf({ state: { at = '', call } }: Push): ErrorView {
    const message = `connection "${this.name}" is not in sluice.yaml any more: the call ${call.plugin}.${call.action} was not made`;
    return viewError(engineFail.FLOW_CHANGED(message, { sent: 'no' }), { step: at, connection: this.name });
  }

  #report(): void {
    if (this.#reported) return;
    this.#reported = true;
    this.deps.log.error(
      `${this.name}: calls wait for this connection, which is not in sluice.yaml any more: their runs are parked`,
      {
        cure: 'add the connection again and replay the runs',
      },
    );
  }
}
