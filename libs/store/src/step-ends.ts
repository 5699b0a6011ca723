import { Batcher } from './batcher.js';
import type { Database } from './database.js';

interface StepEnd {
  readonly run: string;
  readonly step: string;
  readonly epoch: number;
  readonly by: string;
}

interface StepEndRow {
  readonly run: string;
  readonly step: string;
  readonly epoch: number;
  readonly ended_by: string;
}

/** Rows of `step_end`: the first end of a step that is inserted wins, and so does its redelivery. */
export class StepEnds {
  readonly #batcher: Batcher<StepEnd, boolean>;

  constructor(private readonly database: Database) {
    this.#batcher = new Batcher((ends) => this.#end(ends));
  }

  end(end: StepEnd): Promise<boolean> {
    return this.#batcher.add(end);
  }

  async #end(ends: readonly StepEnd[]): Promise<boolean[]> {
    const keys = [ends.map(({ run }) => run), ends.map(({ step }) => step), ends.map(({ epoch }) => epoch)];
    // sorted, because hosts that lock in different orders would deadlock
    await this.database.rows(
      `insert into sluice.step_end (run, step, epoch, ended_by)
       select run, step, epoch, ended_by
       from unnest($1::text[], $2::text[], $3::integer[], $4::text[]) with ordinality as asked (run, step, epoch, ended_by, n)
       order by run, step, epoch, n
       on conflict do nothing`,
      [...keys, ends.map(({ by }) => by)],
    );
    const rows = await this.database.rows<StepEndRow>(
      `select run, step, epoch, ended_by from sluice.step_end
       where (run, step, epoch) in (select * from unnest($1::text[], $2::text[], $3::integer[]))`,
      keys,
    );
    const endedBy = new Map(rows.map((row) => [keyOf(row), row.ended_by]));
    return ends.map((end) => endedBy.get(keyOf(end)) === end.by);
  }
}

function keyOf({ run, step, epoch }: { readonly run: string; readonly step: string; readonly epoch: number }): string {
  return JSON.stringify([run, step, epoch]);
}
