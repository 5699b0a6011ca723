import { setTimeout as sleep } from 'node:timers/promises';
import {
  queues,
  type Bus,
  type BusState,
  type Consumer,
  type ConsumeOptions,
  type Delivery,
  type Outgoing,
  type QueueOwnership,
  type QueueSpec,
  type QueueStatus,
  type UnroutedStatus,
} from '@sluice/engine';
import { engineFail, type Log } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import type { ClientConfig } from 'pg';
import { Link } from './link.js';
import { DISOWN, EmbeddedOwnership } from './ownership.js';
import { regexOf } from './patterns.js';
import { Reader } from './reader.js';
import { endDeadSessions, renewSession } from './sessions.js';
import { tidyUnrouted } from './unrouted.js';
import { Writer } from './writer.js';

/** Options of {@link EmbeddedBus}. */
export interface EmbeddedBusOptions {
  /** Connection to a PostgreSQL, embedded or external. */
  readonly connection: ClientConfig;
  /** Name of the host in the table of sessions. */
  readonly hostId: string;
  readonly log: Log;
  /** Schema of the tables. Buses with different schemas are independent. */
  readonly schema?: string;
}

const PUBLISH_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 5_000;
const POLL_MS = 1_000;
const BEAT_MS = 3_000;
const TIDY_MS = 60_000;
const RECONNECT = { firstMs: 100, maxMs: 2_000 };

/**
 * The bus in one table of a PostgreSQL. A hop, with its outputs and its input, is one transaction: on this bus its effect happens exactly
 * once. A host holds three connections.
 */
export class EmbeddedBus implements Bus {
  readonly engine = 'embedded';
  readonly #writer = new Writer();
  readonly #reader = new Reader(this.#writer);
  readonly #exclusive = new Map<string, QueueSpec>();
  readonly #owned = new Set<EmbeddedOwnership>();
  readonly #closing = new AbortController();
  #link: Link | undefined;
  #reason = 'not connected yet';
  #connected: Promise<void>;

  private constructor(private readonly options: EmbeddedBusOptions) {
    this.#connected = Promise.resolve();
  }

  /**
   * Connects, and creates or migrates the tables.
   *
   * @throws `BUS_UNAVAILABLE` with the reason if the database cannot be used.
   */
  static async open(options: EmbeddedBusOptions): Promise<EmbeddedBus> {
    const bus = new EmbeddedBus(options);
    const link = await bus.#connect(undefined).catch((cause: Error) => {
      throw engineFail.BUS_UNAVAILABLE(`the database of the bus cannot be used: ${cause.message}`, { cause });
    });
    bus.#connected = bus.#stayConnected(link);
    return bus;
  }

  async declare(spec: QueueSpec): Promise<void> {
    await this.#ask((link) => declareOn(link, spec));
    if (spec.exclusive) this.#exclusive.set(spec.queue, spec);
  }

  async publish(outgoing: readonly Outgoing[], options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#closing.signal.aborted) throw engineFail.BUS_UNAVAILABLE('the bus is closed');
    await this.#writer.publish(outgoing, options.timeoutMs ?? PUBLISH_TIMEOUT_MS);
  }

  async consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    await this.#existing(queue);
    return this.#reader.consume(queue, options, handle);
  }

  async own(_name: string, owned: readonly string[]): Promise<QueueOwnership | undefined> {
    return this.#ask(async (link) => {
      await link.query('select own_queues($1, $2)', [owned, link.session]);
      const ownership = new EmbeddedOwnership(this.#reader, () => {
        this.#owned.delete(ownership);
        return link.query(DISOWN, [owned, link.session]);
      });
      if (this.#link === link) this.#owned.add(ownership);
      else ownership.end();
      return ownership;
    });
  }

  state(): BusState {
    return this.#link ? { state: 'up' } : { state: 'down', reason: this.#reason };
  }

  async status(names: readonly string[]): Promise<readonly QueueStatus[]> {
    const rows = await this.#rows<{ queue: string; waiting: string; held: string; oldest: Date | null }>(
      `select queue, count(id) filter (where taken_by is null and at <= now()) as waiting, count(taken_by) as held,
              min(at) filter (where at <= now()) as oldest
       from queue left join message using (queue) where queue = any($1) group by queue`,
      [names],
    );
    return rows.map(({ queue, waiting, held, oldest }) => ({
      queue,
      waiting: Number(waiting),
      held: Number(held),
      ...(oldest && { oldest }),
    }));
  }

  async unrouted(): Promise<readonly UnroutedStatus[]> {
    const rows = await this.#rows<{ type: string; count: string }>(
      'select type, count(*) from message where queue = $1 group by type order by type',
      [queues.unrouted],
    );
    return rows.map(({ type, count }) => ({ type, count: Number(count) }));
  }

  async replayUnrouted(types: readonly string[], queue: string): Promise<number> {
    await this.#existing(queue);
    const rows = await this.#rows<{ count: string }>(
      `with moved as (update message set queue = $3 where queue = $1 and '.' || type ~ any($2) returning id)
       select count(*), pg_notify(current_schema(), $3) from moved`,
      [queues.unrouted, types.map(regexOf), queue],
    );
    return Number(rows[0]?.count);
  }

  async remove(queue: string): Promise<number> {
    const rows = await this.#rows<{ count: string }>(
      `with gone as (delete from queue where queue = $1), unbound as (delete from binding where queue = $1),
            -- a delivery that a host holds stays until that host has settled it
            emptied as (delete from message where queue = $1 and taken_by is null returning id)
       select count(*) from emptied`,
      [queue],
    );
    return Number(rows[0]?.count);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#reason = 'closed';
    this.#reader.stop();
    await this.#writer.close(CLOSE_TIMEOUT_MS);
    await this.#link?.close();
    await this.#connected;
  }

  /** Reconnects until the bus is closed. Each new link has a new session. */
  async #stayConnected(first: Link): Promise<void> {
    const { signal } = this.#closing;
    for (let link: Link | undefined = first; link; link = await this.#reconnect(link.session)) {
      const upkeep = this.#keepUp(link);
      const reason = await link.lost;
      clearInterval(upkeep.beat);
      clearInterval(upkeep.poll);
      clearInterval(upkeep.tidy);
      this.#link = undefined;
      if (!signal.aborted) {
        this.#reason = reason.message;
        this.options.log.warn('the bus has lost its database', { reason: reason.message });
      }
      for (const ownership of this.#owned) ownership.end();
      this.#owned.clear();
      this.#reader.detach();
      this.#writer.detach();
    }
  }

  async #reconnect(previous: string): Promise<Link | undefined> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const link = await this.#connect(previous);
        this.options.log.info('the bus has reconnected to its database');
        return link;
      } catch (error) {
        this.#reason = signal.aborted ? 'closed' : (error as Error).message;
        await sleep(backoffMs(RECONNECT, failures), undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #connect(previous: string | undefined): Promise<Link> {
    const { connection, hostId, schema = 'sluice_bus' } = this.options;
    const link = await Link.open({ connection, hostId, schema, previous, woken: (queue) => this.#reader.wake(queue) });
    try {
      for (const spec of this.#exclusive.values()) await declareOn(link, spec);
      if (this.#closing.signal.aborted) throw new Error('closed');
    } catch (error) {
      await link.close();
      throw error;
    }
    this.#link = link;
    this.#writer.attach(link);
    this.#reader.attach(link);
    return link;
  }

  #keepUp(link: Link): Record<'beat' | 'poll' | 'tidy', NodeJS.Timeout> {
    const orDrop = (work: () => Promise<void>) => () => void work().catch((error: Error) => link.drop(error));
    const beat = orDrop(async () => {
      await renewSession(link, link.session);
      await endDeadSessions(link);
    });
    const tidy = orDrop(async () => void (this.#writer.unroutedIsFull = await tidyUnrouted(link)));
    beat();
    tidy();
    return {
      beat: setInterval(beat, BEAT_MS).unref(),
      poll: setInterval(() => this.#reader.wakeAll(), POLL_MS).unref(),
      tidy: setInterval(tidy, TIDY_MS).unref(),
    };
  }

  async #existing(queue: string): Promise<void> {
    const rows = await this.#rows('select from queue where queue = $1', [queue]);
    if (rows.length === 0) throw engineFail.BUS_UNAVAILABLE(`queue ${queue} does not exist: declare it first`);
  }

  #rows<Row extends object>(sql: string, params: unknown[]): Promise<Row[]> {
    return this.#ask(async (link) => (await link.query<Row>(sql, params)).rows);
  }

  async #ask<Result>(work: (link: Link) => Promise<Result>): Promise<Result> {
    const link = this.#link;
    if (!link) throw engineFail.BUS_UNAVAILABLE(`the database of the bus cannot be used: ${this.#reason}`);
    try {
      return await work(link);
    } catch (cause) {
      throw engineFail.BUS_UNAVAILABLE(`the database of the bus refused the statement: ${(cause as Error).message}`, { cause });
    }
  }
}

/**
 * Declares a queue. An exclusive queue belongs to the session, which also takes over one that an earlier session of its host has left.
 *
 * @throws when the session of an exclusive queue has ended, because no other session would remove the queue.
 */
async function declareOn(link: Link, { queue, types = [], exclusive = false, peers = false }: QueueSpec): Promise<void> {
  const { rows } = await link.query(
    `with own as materialized (
       select from session where id = $2 for key share
     ), declared as (
       insert into queue (queue, session, peers) select $1, $2, $5 where $2 is null or exists (select from own)
       on conflict (queue) do update set session = excluded.session where excluded.session is not null
     ), bound as (
       insert into binding (queue, pattern, regex) select $1, * from unnest($3::text[], $4::text[]) on conflict do nothing
     )
     select from own`,
    [queue, exclusive ? link.session : null, types, types.map(regexOf), peers],
  );
  if (exclusive && rows.length === 0)
    throw new Error('the last heartbeat of this host was too old: another host has ended its session');
}
