import { createHash } from 'node:crypto';
import type { Claim, ClaimStore } from '@sluice/engine';
import { Batcher } from './batcher.js';
import type { Database } from './database.js';

interface ClaimRow {
  readonly id: Buffer;
  readonly run: string;
}

/** Returns the id of a key. An index cannot hold a key of any length, but it can hold its hash. */
function idOf(flow: string, key: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([flow, key]))
    .digest();
}

/** Rows of `claim`: the first run that inserts a key holds it until its time is over. */
export class PostgresClaims implements ClaimStore {
  readonly #batcher: Batcher<Claim, string>;

  constructor(private readonly database: Database) {
    this.#batcher = new Batcher((claims) => this.#claim(claims));
  }

  claim(claim: Claim): Promise<string> {
    return this.#batcher.add(claim);
  }

  async giveBack(flow: string, key: string, run: string): Promise<void> {
    await this.database.change('delete from sluice.claim where id = $1 and run = $2', [idOf(flow, key), run]);
  }

  async #claim(claims: readonly Claim[]): Promise<string[]> {
    const asked = claims.map((claim) => ({ ...claim, id: idOf(claim.flow, claim.key) }));
    const holders = new Map<string, string>();
    const open = () => asked.filter(({ id }) => !holders.has(id.toString('hex')));
    // a claim that is released between the two statements is in neither result, so the loop asks for it again
    for (let left = open(); left.length > 0; left = open()) {
      for (const { id, run } of await this.#take(firstOfEach(left))) holders.set(id.toString('hex'), run);
      const others = open();
      if (others.length === 0) break;
      for (const { id, run } of await this.#holders(others.map(({ id }) => id))) holders.set(id.toString('hex'), run);
    }
    return asked.map(({ id }) => holders.get(id.toString('hex')) as string);
  }

  /** Inserts the claims that are free and returns them. */
  #take(claims: readonly (Claim & { id: Buffer })[]): Promise<ClaimRow[]> {
    return this.database.rows<ClaimRow>(
      `insert into sluice.claim as held (id, run, until)
       select id, run, clock_timestamp() + within_ms * interval '1 millisecond'
       from unnest($1::bytea[], $2::text[], $3::double precision[]) as asked (id, run, within_ms)
       on conflict (id) do update set run = excluded.run, until = excluded.until where held.until <= clock_timestamp()
       returning id, run`,
      [claims.map(({ id }) => id), claims.map(({ run }) => run), claims.map(({ withinMs }) => withinMs)],
    );
  }

  #holders(ids: readonly Buffer[]): Promise<ClaimRow[]> {
    return this.database.rows<ClaimRow>('select id, run from sluice.claim where id = any($1::bytea[])', [ids]);
  }
}

/**
 * Returns one claim per id, in the order of the ids: a statement may change a row only once, and hosts that lock in different orders would
 * deadlock.
 */
function firstOfEach<Asked extends { readonly id: Buffer }>(asked: readonly Asked[]): Asked[] {
  const first = new Map<string, Asked>();
  for (const claim of asked) {
    const id = claim.id.toString('hex');
    if (!first.has(id)) first.set(id, claim);
  }
  return [...first.values()].sort((a, b) => Buffer.compare(a.id, b.id));
}
