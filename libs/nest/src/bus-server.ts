import { Server, type MessageHandler } from '@nestjs/microservices';
import { maskedError, queues, readData, UNPACED_LIMIT, type Bus, type Consumer, type Delivery } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import { isObservable, lastValueFrom } from 'rxjs';
import { attemptOf, failedForGood, mayRetry, nextAttempt, retryDelayMs, tooOftenLost } from './attempts.js';
import { BusContext } from './bus-context.js';
import { readSubscription, type Subscription } from './subscription.js';

/** The transport of `@EventPattern`, for an application that has other transports too. */
export const BUS_TRANSPORT = Symbol('BUS_TRANSPORT');

/** Options of {@link BusServer}. */
export interface BusServerOptions {
  /** Deliveries that each handler may hold at once. Default: the limit on calls of an unpaced connection. */
  readonly prefetch?: number;
  readonly now?: () => number;
  /** Masks secrets in the errors of handlers, which are logged and stored. */
  readonly mask?: (text: string) => string;
}

type NoEvents = Record<string, never>;

/**
 * NestJS transport strategy over the {@link Bus}, for the `@EventPattern` handlers in the modules of plugins.
 *
 * Each handler has a durable queue of its own, `module.<plugin>.<subscription>`, so that only a failed handler is repeated. A delivery is
 * settled when the handler and its Observable have ended: at least once, in no order. After a failure the event is delivered again with a
 * growing delay. After the last attempt, and at once when the error's fate is `rejected` or `fatal`, it moves to the queue `poison` with
 * the error. An event during whose handling the process died repeatedly counts as failed and ends there too.
 *
 * `listen` calls its callback once all queues are declared, which then collect events. `consume` starts passing them to the handlers.
 * `close` waits for running handlers.
 */
export class BusServer extends Server<NoEvents, 'up' | 'down'> {
  override readonly transportId = BUS_TRANSPORT;
  /** NestJS passes errors on through the filter, and this server logs them once. */
  override readonly propagatesEventHandlerErrors = true;
  readonly #bus: Bus;
  readonly #prefetch: number;
  readonly #now: () => number;
  readonly #mask: (text: string) => string;
  readonly #subscriptions = new Map<string, Subscription & { readonly handler: MessageHandler }>();
  readonly #running = new Set<Promise<void>>();
  #consumers: Consumer[] = [];
  #closed = false;

  constructor(bus: Bus, options: BusServerOptions = {}) {
    super();
    this.#bus = bus;
    this.#prefetch = options.prefetch ?? UNPACED_LIMIT;
    this.#now = options.now ?? Date.now;
    this.#mask = options.mask ?? ((text) => text);
  }

  /**
   * Registers a handler; called by NestJS. The base class chains handlers of one pattern, so that a failure would repeat all of them; this
   * class keeps them separate.
   */
  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (!isEventHandler) {
      throw engineFail.CONFIG_INVALID(
        `@MessagePattern(${JSON.stringify(pattern)}) is not supported on the bus: use @EventPattern`,
      );
    }
    const subscription = readSubscription(pattern, extras);
    const other = this.#subscriptions.get(subscription.queue);
    if (other) {
      throw engineFail.CONFIG_INVALID(
        `@EventPattern("${other.pattern}") and @EventPattern("${subscription.pattern}") share the queue ${subscription.queue}: write another subscription in one of them`,
      );
    }
    handler.isEventHandler = true;
    handler.extras = extras;
    this.#subscriptions.set(subscription.queue, { ...subscription, handler });
  }

  /** The patterns of event types that handlers consume; complete once the application listens. */
  get patterns(): readonly string[] {
    return [...this.#subscriptions.values()].map(({ pattern }) => pattern);
  }

  override getHandlers(): Map<string, MessageHandler> {
    return new Map([...this.#subscriptions].map(([queue, { handler }]) => [queue, handler]));
  }

  listen(callback: (error?: unknown) => void): void {
    this.#declare().then(
      () => {
        this._status$.next('up');
        callback();
      },
      (error: unknown) => callback(error),
    );
  }

  /**
   * Starts passing events to the handlers. To be called once, after `listen`, when the application accepts requests: an event that crashes
   * the process could otherwise prevent that at every start.
   *
   * @throws `BUS_UNAVAILABLE` when a queue cannot be consumed.
   */
  async consume(): Promise<void> {
    for (const { queue, handler } of this.#subscriptions.values()) {
      const consumer = await this.#bus.consume(queue, { prefetch: this.#prefetch }, (delivery) => this.#take(delivery, handler));
      if (this.#closed) return consumer.stop();
      this.#consumers.push(consumer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#consumers.splice(0).map((consumer) => consumer.stop()));
    await Promise.all(this.#running);
    this._status$.next('down');
  }

  on(event: string): never {
    throw new Error(`the bus has no event ${event}: its state is in unwrap().state()`);
  }

  unwrap<T>(): T {
    return this.#bus as T;
  }

  async #declare(): Promise<void> {
    await this.#bus.declare({ queue: queues.poison });
    for (const { queue, pattern } of this.#subscriptions.values()) await this.#bus.declare({ queue, types: [pattern] });
  }

  #take(delivery: Delivery, handler: MessageHandler): void {
    const work = this.#handle(delivery, handler).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #handle(delivery: Delivery, handler: MessageHandler): Promise<void> {
    const { attributes, body } = delivery.message;
    const lost = tooOftenLost(delivery);
    if (lost) return this.#fail(delivery, lost);
    try {
      const result: unknown = await handler(readData(attributes, body), new BusContext([delivery]));
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    } catch (error) {
      return this.#fail(delivery, maskedError(error, this.#mask));
    }
    delivery.settle([]);
  }

  #fail(delivery: Delivery, error: unknown): void {
    const { queue, message } = delivery;
    const attempt = attemptOf(message.attributes);
    const what = `${queue}: ${message.attributes.type} ${message.attributes.id}, attempt ${attempt}: ${describe(error)}`;
    if (mayRetry(error, attempt)) {
      const delay = retryDelayMs(error, attempt);
      this.logger.warn(`${what}; next attempt in ${delay / 1000} s`);
      delivery.settle([{ message: nextAttempt(message), queue, notBefore: this.#now() + delay }]);
    } else {
      this.logger.error(`${what}; put aside in the queue ${queues.poison}`);
      delivery.settle([{ message: failedForGood(message, queue, error), queue: queues.poison }]);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
