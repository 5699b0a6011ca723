import type { Bus, ConsumeOptions, Consumer, Delivery, QueueOwnership } from '@sluice/engine';
import type { MemoryBus, MemoryStore } from '@sluice/memory';
import type { Clock } from '@sluice/plugin-api';

/** When a host dies: at its operation of this number on the bus or the store, before or after the operation has its effect. */
export interface Death {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/**
 * Parts and methods of the store that a death does not distinguish: the journal is no record, and the others are read by a timer. A dead
 * host has no timers.
 */
const UNCOUNTED: ReadonlySet<string | symbol> = new Set([
  'journal',
  'hosts',
  'flowsSeen',
  'accounts',
  'stuck',
  'holding',
  'sweep',
]);

/** An operation of a dead host never ends. */
const NEVER = new Promise<never>(() => undefined);

/** The bus, the store and the clock of a host that dies as with kill -9: from then on nothing that it does has an effect. */
export class MortalHost {
  readonly bus: Bus;
  readonly store: MemoryStore;
  readonly clock: Clock;
  /** Resolves when the host has died. */
  readonly death: Promise<void>;
  readonly #bus: MemoryBus;
  #operations = 0;
  #counts = false;
  #dead = false;
  #died = () => undefined as void;

  /** @param dies absent: the host does not die */
  constructor(
    parts: { readonly bus: MemoryBus; readonly store: MemoryStore; readonly clock: Clock },
    private readonly dies?: Death,
  ) {
    this.#bus = parts.bus;
    this.death = new Promise((resolve) => (this.#died = resolve));
    this.bus = this.#mortalBus(parts.bus);
    this.store = this.#mortal(parts.store, (name) => UNCOUNTED.has(name));
    this.clock = this.#mortalClock(parts.clock);
  }

  /** Number of operations since {@link count} was called. */
  get operations(): number {
    return this.#operations;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Counts the operations from now on. */
  count(): void {
    this.#counts = true;
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#bus.crash();
    this.#died();
  }

  async #perform<Result>(work: () => Promise<Result>): Promise<Result> {
    const isLast = this.#isLast();
    if (this.#dead || (isLast && this.dies?.when === 'before')) {
      this.kill();
      return NEVER;
    }
    const result = await work();
    if (isLast) this.kill();
    return this.#dead ? NEVER : result;
  }

  #isLast(): boolean {
    if (this.#counts && !this.#dead) this.#operations++;
    return this.#counts && this.#operations === this.dies?.at;
  }

  /** Wraps an adapter, and the adapters that it consists of. */
  #mortal<Adapter extends object>(adapter: Adapter, isExempt: (name: string | symbol) => boolean): Adapter {
    return new Proxy(adapter, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === 'function') {
          const method = (...args: unknown[]) => (value as (...all: unknown[]) => unknown).apply(target, args);
          return isExempt(name) ? method : (...args: unknown[]) => this.#perform(async () => method(...args));
        }
        return typeof value === 'object' && value !== null && !isExempt(name) ? this.#mortal(value, isExempt) : value;
      },
    });
  }

  #mortalBus(bus: MemoryBus): Bus {
    const consume =
      (on: Pick<QueueOwnership, 'consume'>) =>
      (queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> =>
        this.#perform(() =>
          on.consume(queue, options, (delivery) => (this.#dead ? undefined : handle(this.#mortalDelivery(delivery)))),
        );
    const own = (name: string, owned: readonly string[]) =>
      this.#perform(async () => {
        const ownership = await bus.own(name, owned);
        return ownership && { ended: ownership.ended, release: () => ownership.release(), consume: consume(ownership) };
      });
    const parts: Readonly<Record<string | symbol, unknown>> = { consume: consume(bus), own, state: () => bus.state() };
    return new Proxy(
      this.#mortal(bus, (name) => name === 'state'),
      {
        get: (target, name) => (name in parts ? parts[name] : (Reflect.get(target, name) as unknown)),
      },
    );
  }

  #mortalDelivery(delivery: Delivery): Delivery {
    return {
      queue: delivery.queue,
      message: delivery.message,
      redelivered: delivery.redelivered,
      get lost() {
        return delivery.lost;
      },
      settle: (outputs, settled) => {
        const isLast = this.#isLast();
        if (this.#dead || (isLast && this.dies?.when === 'before')) return this.kill();
        delivery.settle(outputs, (done) => (this.#dead ? undefined : settled?.(done)));
        if (isLast) this.kill();
      },
      release: () => (this.#dead ? undefined : delivery.release()),
    };
  }

  #mortalClock(clock: Clock): Clock {
    const alive = (run: () => void) => () => (this.#dead ? undefined : run());
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms, alive(run)),
      every: (ms, run) => clock.every(ms, alive(run)),
    };
  }
}
