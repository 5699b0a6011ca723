import { CLOSED_LOOP_KEPT_MS, OPEN_LOOP_KEPT_MS, type ItemEnd, type LoopKey, type LoopStore } from '@sluice/engine';
import type { EntityManager } from 'typeorm';
import { Batcher } from './batcher.js';
import type { Database } from './database.js';

/** Bytes of a block of items, unless one item is larger. A hop that needs one item reads one block. */
const BLOCK_BYTES = 16 * 1024;
/** Maximum bytes of the values of one INSERT, unless one value is larger. */
const MAX_INSERT_BYTES = 256 * 1024;
/** Maximum rows of one INSERT. */
const MAX_INSERT_ROWS = 500;
/** Maximum loops of one DELETE, which also deletes their items and ends. */
const MAX_DELETED_LOOPS = 50;
/** Minimum interval at which the ends of a loop raise the time from which its retention counts. */
const TOUCH_INTERVAL = '1 day';

/** Condition of the row of one loop, with the parameters of {@link keyOf}. */
const THIS_LOOP = 'fork.run = $1 and fork.path = $2 and fork.epoch = $3';

interface Block {
  readonly first: number;
  readonly items: Buffer;
}

interface EndOfLoop extends LoopKey {
  readonly index: number;
  readonly endEpoch: number;
  readonly ok: boolean;
  readonly value: Buffer;
}

/** Rows of `fork`, `fork_item` and `fork_end`: the names of the tables are older than those of the code. */
export class PostgresLoops implements LoopStore {
  readonly #batcher: Batcher<readonly EndOfLoop[], undefined>;

  constructor(private readonly database: Database) {
    this.#batcher = new Batcher(async (calls) => {
      await this.#insertEnds(calls.flat());
      return calls.map(() => undefined);
    });
  }

  create(loop: LoopKey, items: readonly unknown[]): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const [created] = await manager.query<{ id: string }[]>(
        `insert into sluice.fork (run, path, epoch, total) values ($1, $2, $3, $4) on conflict do nothing returning id`,
        [...keyOf(loop), items.length],
      );
      if (created === undefined) return false;
      for (const blocks of grouped(blocksOf(items), ({ items: { length } }) => length))
        await insertBlocks(manager, created.id, blocks);
      return true;
    });
  }

  async items(
    loop: LoopKey,
    { from, maxBytes }: { readonly from: number; readonly maxBytes: number },
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] } | undefined> {
    const blocks = Math.max(1, Math.floor(maxBytes / BLOCK_BYTES));
    const rows = await this.database.rows<{ total: number; first: number | null; items: Buffer | null }>(
      `select fork.total, block.first, block.items from sluice.fork as fork
       left join lateral (
         select item.first, item.items from sluice.fork_item as item
         where item.fork = fork.id
           and item.first >= (select max(before.first) from sluice.fork_item as before where before.fork = fork.id and before.first <= $4)
         order by item.first limit $5
       ) as block on true
       where ${THIS_LOOP} order by block.first`,
      [...keyOf(loop), from, blocks],
    );
    const [head] = rows;
    if (head === undefined) return undefined;
    const items: unknown[] = [];
    let bytes = 0;
    for (const [n, block] of rows.entries()) {
      if (block.items === null || (n > 0 && bytes + block.items.length > maxBytes)) break;
      bytes += block.items.length;
      for (const item of JSON.parse(block.items.toString()) as unknown[]) items.push(item);
    }
    return { total: head.total, items: items.slice(from - (head.first ?? from)) };
  }

  async end(loop: LoopKey, ends: readonly ItemEnd[]): Promise<void> {
    if (ends.length === 0) return;
    const { run, path, epoch } = loop;
    await this.#batcher.add(
      ends.map(({ index, epoch: endEpoch, ok, value }) => ({ run, path, epoch, index, endEpoch, ok, value: jsonOf(value) })),
    );
  }

  async ends(
    loop: LoopKey,
    { from, limit, maxBytes }: { readonly from: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly ItemEnd[]> {
    const rows = await this.database.rows<{ index: number; epoch: number; ok: boolean; value: Buffer }>(
      `select index, epoch, ok, value from (
         select counting.*, sum(octet_length(value)) over (order by index) as bytes, row_number() over (order by index) as n from (
           select distinct on (ended.index) ended.index, ended.epoch, ended.ok, ended.value
           from sluice.fork as fork join sluice.fork_end as ended on ended.fork = fork.id
           where ${THIS_LOOP} and ended.index >= $4
           order by ended.index, ended.epoch desc limit $5
         ) as counting
       ) as page where bytes <= $6 or n = 1 order by index`,
      [...keyOf(loop), from, limit, maxBytes],
    );
    return rows.map(({ value, ...end }) => ({ ...end, value: JSON.parse(value.toString()) as unknown }));
  }

  async missing(loop: LoopKey, { from, limit }: { readonly from: number; readonly limit: number }): Promise<readonly number[]> {
    const rows = await this.database.rows<{ index: number }>(
      `select item.index from sluice.fork as fork, generate_series($4::integer, fork.total - 1) as item (index)
       where ${THIS_LOOP}
         and not exists (select from sluice.fork_end as ended where ended.fork = fork.id and ended.index = item.index and ended.ok)
       order by item.index limit $5`,
      [...keyOf(loop), from, limit],
    );
    return rows.map(({ index }) => index);
  }

  async close(loop: LoopKey): Promise<void> {
    await this.database.change(
      `update sluice.fork as fork set closed_at = clock_timestamp() where ${THIS_LOOP} and closed_at is null`,
      keyOf(loop),
    );
  }

  async closeRun(run: string): Promise<void> {
    await this.database.change('update sluice.fork set closed_at = clock_timestamp() where run = $1 and closed_at is null', [
      run,
    ]);
  }

  /** Deletes loops that were closed long ago, and open ones without new ends whose run is not parked. */
  async sweep(): Promise<void> {
    let deleted: number;
    do {
      deleted = await this.database.change(
        `delete from sluice.fork where id in (
           (select id from sluice.fork where closed_at < clock_timestamp() - $1 * interval '1 millisecond' limit $3)
           union all
           (select id from sluice.fork as old
            where closed_at is null and ended_at < clock_timestamp() - $2 * interval '1 millisecond'
              and not exists (select from sluice.parked_run as parked
                where parked.run = old.run and parked.state in ('parked', 'replaying'))
            limit $3))`,
        [CLOSED_LOOP_KEPT_MS, OPEN_LOOP_KEPT_MS, MAX_DELETED_LOOPS],
      );
    } while (deleted > 0);
  }

  async #insertEnds(ends: readonly EndOfLoop[]): Promise<void> {
    // in one order on all hosts, because two statements that insert the same ends in different orders would deadlock
    const sorted = [...ends].sort(inKeyOrder);
    for (const group of grouped(sorted, ({ value }) => value.length)) {
      await this.database.rows(
        `insert into sluice.fork_end (fork, index, epoch, ok, value)
         select fork.id, asked.index, asked.end_epoch, asked.ok, asked.value
         from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[], $7::bytea[])
           with ordinality as asked (run, path, epoch, index, end_epoch, ok, value, n)
         join sluice.fork as fork on fork.run = asked.run and fork.path = asked.path and fork.epoch = asked.epoch
         order by asked.n
         on conflict do nothing`,
        [
          group.map(({ run }) => run),
          group.map(({ path }) => path),
          group.map(({ epoch }) => epoch),
          group.map(({ index }) => index),
          group.map(({ endEpoch }) => endEpoch),
          group.map(({ ok }) => ok),
          group.map(({ value }) => value),
        ],
      );
    }
    await this.#touch(sorted);
  }

  /** Raises the time from which the retention of these loops counts. */
  async #touch(ends: readonly LoopKey[]): Promise<void> {
    const loops = [...new Map(ends.map((end) => [JSON.stringify(keyOf(end)), end])).values()];
    await this.database.change(
      `update sluice.fork as fork set ended_at = clock_timestamp()
       from (select fork.id from unnest($1::text[], $2::text[], $3::integer[]) as asked (run, path, epoch)
         join sluice.fork as fork on fork.run = asked.run and fork.path = asked.path and fork.epoch = asked.epoch
         where fork.ended_at < clock_timestamp() - interval '${TOUCH_INTERVAL}' order by fork.id for no key update of fork) as old
       where fork.id = old.id`,
      [loops.map(({ run }) => run), loops.map(({ path }) => path), loops.map(({ epoch }) => epoch)],
    );
  }
}

function keyOf({ run, path, epoch }: LoopKey): (string | number)[] {
  return [run, path, epoch];
}

function inKeyOrder(a: EndOfLoop, b: EndOfLoop): number {
  if (a.run !== b.run) return a.run < b.run ? -1 : 1;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.epoch - b.epoch || a.index - b.index || a.endEpoch - b.endEpoch;
}

/** `undefined` has no JSON, and becomes null as in a list. */
function jsonOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

/** Packs items into blocks, each the JSON of a list. */
function* blocksOf(items: readonly unknown[]): Generator<Block> {
  let first = 0;
  let texts: string[] = [];
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    const text = JSON.stringify(item) ?? 'null';
    const length = Buffer.byteLength(text);
    if (texts.length > 0 && bytes + length > BLOCK_BYTES) {
      yield { first, items: Buffer.from(`[${texts.join(',')}]`) };
      [first, texts, bytes] = [index, [], 0];
    }
    texts.push(text);
    bytes += length + 1;
  }
  if (texts.length > 0) yield { first, items: Buffer.from(`[${texts.join(',')}]`) };
}

/** Splits rows into groups for one INSERT each. */
function* grouped<Row>(rows: Iterable<Row>, bytesOf: (row: Row) => number): Generator<Row[]> {
  let group: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const length = bytesOf(row);
    if (group.length > 0 && (group.length >= MAX_INSERT_ROWS || bytes + length > MAX_INSERT_BYTES)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(row);
    bytes += length;
  }
  if (group.length > 0) yield group;
}

async function insertBlocks(manager: EntityManager, loop: string, blocks: readonly Block[]): Promise<void> {
  await manager.query(
    `insert into sluice.fork_item (fork, first, items) select $1, first, items from unnest($2::integer[], $3::bytea[]) as block (first, items)`,
    [loop, blocks.map(({ first }) => first), blocks.map(({ items }) => items)],
  );
}
