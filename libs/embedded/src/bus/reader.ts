import type { ConsumeOptions, Consumer, Delivery, Outgoing } from '@sluice/engine';
import type { EventAttributes, EventMessage } from '@sluice/plugin-api';
import type { Link } from './link.js';
import type { Writer } from './writer.js';

interface Row {
  readonly id: string;
  readonly queue: string;
  readonly deliveries: number;
  readonly headers: string;
  readonly body: Buffer;
}

/** Maximum number of rows of a queue that one statement takes, because other queues wait for it. */
const MAX_TAKE = 500;

/**
 * Takes messages, skipping rows that other hosts are taking at this moment. The rows are sorted again because an UPDATE returns them in any
 * order.
 *
 * The statement first locks the row of its session: a session that has ended takes no messages, and the end of a session waits for the
 * commit. It locks the rows of the queues likewise: a queue that another session owns returns no messages, and a new owner waits for the
 * commit.
 */
const TAKE = `
with own as materialized (
  select from session where id = $3 for key share
), locked as materialized (
  select queue, taker from queue where queue = any ($1) for key share
), taken as (
  update message set taken_by = $3, deliveries = deliveries + 1
  where exists (select from own) and id = any (array(
    select next.id
    from unnest($1::text[], $2::integer[], $4::boolean[]) as wanted (queue, count, owned)
    cross join lateral (
      select id from message where queue = wanted.queue and at <= now() and taken_by is null
      order by at, id limit wanted.count for update skip locked
    ) as next
    where wanted.queue <> all (array(select queue from locked where taker <> $3))
      -- an owner that has lost the queue may not have noticed it yet
      and (not wanted.owned or wanted.queue = any (array(select queue from locked where taker = $3)))
  ))
  returning id, queue, at, deliveries, headers, body
)
select id, queue, deliveries, headers, body from taken order by at, id`;

const RELEASE = `
with freed as (update message set taken_by = null where id = any ($1::bigint[]) and taken_by = $2 returning queue)
select pg_notify(current_schema(), queue) from (select distinct queue from freed) as freed`;

/** A consumer whose deliveries can be returned at once. */
export interface DroppableConsumer extends Consumer {
  /** Stops, and returns held deliveries to the queue: they cannot be settled any more. */
  drop(): void;
}

/** Takes messages from all consumed queues in one statement, and passes them to the consumers. */
export class Reader {
  readonly #queues = new Map<string, Set<EmbeddedConsumer>>();
  /** Queues that may have messages. */
  readonly #filled = new Set<string>();
  #link: Link | undefined;
  #released: string[] = [];
  #running = false;

  constructor(private readonly writer: Writer) {}

  /** @param owned true: messages are taken only while the session owns the queue */
  consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void, owned = false): DroppableConsumer {
    const consumers = this.#queues.get(queue) ?? new Set();
    this.#queues.set(queue, consumers);
    const consumer = new EmbeddedConsumer(
      options.prefetch,
      handle,
      owned,
      () => this.#run(),
      () => {
        consumers.delete(consumer);
        if (consumers.size === 0 && this.#queues.get(queue) === consumers) this.#queues.delete(queue);
      },
    );
    consumers.add(consumer);
    this.wake(queue);
    return consumer;
  }

  /** Reports that the queue may have messages. */
  wake(queue: string): void {
    this.#filled.add(queue);
    this.#run();
  }

  /** Checks every queue, because a notification may have been lost, or a delayed message may be due. */
  wakeAll(): void {
    for (const queue of this.#queues.keys()) this.#filled.add(queue);
    this.#run();
  }

  attach(link: Link): void {
    this.#link = link;
    this.#released = [];
    this.wakeAll();
  }

  /** Marks held deliveries as lost: the database redelivers them, and this host cannot settle them any more. */
  detach(): void {
    this.#link = undefined;
    for (const consumer of this.#consumers()) consumer.loseAll();
  }

  stop(): void {
    for (const consumer of this.#consumers()) void consumer.stop();
  }

  *#consumers(): Iterable<EmbeddedConsumer> {
    for (const consumers of [...this.#queues.values()]) yield* [...consumers];
  }

  #run(): void {
    if (this.#running || !this.#link) return;
    this.#running = true;
    void this.#drain(this.#link);
  }

  async #drain(link: Link): Promise<void> {
    // deliveries that end in the same tick make room for one statement
    await Promise.resolve();
    try {
      // no await between the last check and `#running = false`: work that arrives in between would wait for the next check of all queues
      for (let next = this.#next(link); next; next = this.#next(link)) await next;
    } catch (error) {
      link.drop(error as Error);
    }
    this.#running = false;
    if (this.#link !== link) this.#run();
  }

  /** Begins the next statement. Undefined if there is no work, or if the link has been replaced. */
  #next(link: Link): Promise<unknown> | undefined {
    if (this.#link !== link) return undefined;
    const released = this.#released.splice(0);
    if (released.length > 0) return link.take.query({ name: 'release', text: RELEASE, values: [released, link.session] });
    const wanted = this.#wanted();
    return wanted.size > 0 ? this.#take(link, wanted) : undefined;
  }

  /** Returns how many messages each queue with messages may take. These queues then count as empty until the next notification. */
  #wanted(): Map<string, number> {
    const wanted = new Map<string, number>();
    for (const queue of this.#filled) {
      const room = [...(this.#queues.get(queue) ?? [])].reduce((sum, consumer) => sum + consumer.room, 0);
      if (room > 0) wanted.set(queue, Math.min(room, MAX_TAKE));
      if (room > 0 || !this.#queues.has(queue)) this.#filled.delete(queue);
    }
    return wanted;
  }

  async #take(link: Link, wanted: ReadonlyMap<string, number>): Promise<void> {
    const owned = [...wanted.keys()].map((queue) => [...(this.#queues.get(queue) ?? [])].some((consumer) => consumer.owned));
    const values = [[...wanted.keys()], [...wanted.values()], link.session, owned];
    const { rows } = await link.take.query<Row>({ name: 'take', text: TAKE, values });
    const taken = new Map<string, number>();
    for (const row of rows) {
      taken.set(row.queue, (taken.get(row.queue) ?? 0) + 1);
      if (this.#link === link) this.#deliver(row);
    }
    for (const [queue, count] of taken) if (count === wanted.get(queue)) this.#filled.add(queue);
  }

  /** Passes a message to the consumer with the most room. Consumers that have stopped in the meantime have no room. */
  #deliver(row: Row): void {
    const consumers = [...(this.#queues.get(row.queue) ?? [])];
    const consumer = consumers.reduce<EmbeddedConsumer | undefined>(
      (best, each) => (each.room > (best?.room ?? 0) ? each : best),
      undefined,
    );
    if (!consumer) return this.#release(row.id);
    consumer.deliver(new EmbeddedDelivery(row, consumer, this.writer, (id) => this.#release(id)));
  }

  #release(id: string): void {
    this.#released.push(id);
    this.#run();
  }
}

class EmbeddedConsumer implements DroppableConsumer {
  readonly #held = new Set<EmbeddedDelivery>();
  #stopped = false;

  constructor(
    private prefetch: number,
    private readonly handle: (delivery: Delivery) => void,
    readonly owned: boolean,
    private readonly roomier: () => void,
    private readonly gone: () => void,
  ) {}

  /** Number of further deliveries that the consumer may hold. */
  get room(): number {
    return this.#stopped ? 0 : Math.max(0, this.prefetch - this.#held.size);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#forget();
  }

  drop(): void {
    void this.stop();
    for (const delivery of [...this.#held]) delivery.drop();
  }

  async setPrefetch(count: number): Promise<void> {
    this.prefetch = count;
    this.roomier();
  }

  deliver(delivery: EmbeddedDelivery): void {
    this.#held.add(delivery);
    try {
      this.handle(delivery);
    } catch {
      delivery.release();
    }
  }

  ended(delivery: EmbeddedDelivery): void {
    this.#held.delete(delivery);
    if (this.#stopped) this.#forget();
    else this.roomier();
  }

  loseAll(): void {
    for (const delivery of this.#held) delivery.lose();
    this.#held.clear();
    if (this.#stopped) this.#forget();
  }

  /** Removes a stopped consumer after the end of its last delivery. Until then `detach` has to find its deliveries. */
  #forget(): void {
    if (this.#held.size === 0) this.gone();
  }
}

class EmbeddedDelivery implements Delivery {
  readonly queue: string;
  readonly message: EventMessage;
  readonly redelivered: number;
  readonly #id: string;
  #state: 'held' | 'ending' | 'lost' = 'held';

  constructor(
    row: Row,
    private readonly consumer: EmbeddedConsumer,
    private readonly writer: Writer,
    private readonly giveBack: (id: string) => void,
  ) {
    this.#id = row.id;
    this.queue = row.queue;
    this.message = { attributes: JSON.parse(row.headers) as EventAttributes, body: row.body };
    this.redelivered = row.deliveries - 1;
  }

  get lost(): boolean {
    return this.#state === 'lost';
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    if (this.#state !== 'held') {
      if (settled) queueMicrotask(() => settled(false));
      return;
    }
    this.#state = 'ending';
    this.writer.settle(this.#id, outputs, (end) => {
      if (end === 'refused') this.giveBack(this.#id);
      this.consumer.ended(this);
      settled?.(end === 'done');
    });
  }

  release(): void {
    if (this.#state !== 'held') return;
    this.#state = 'ending';
    this.giveBack(this.#id);
    this.consumer.ended(this);
  }

  lose(): void {
    if (this.#state === 'held') this.#state = 'lost';
  }

  /** Returns the delivery to its queue although its holder still uses it: to the holder it is lost. */
  drop(): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.giveBack(this.#id);
    this.consumer.ended(this);
  }
}
