import type { MigrationInterface, QueryRunner } from 'typeorm';

const COUNTED = `state in ('parked', 'replaying')`;
const CAME = `select account, 1 as runs, bytes from came where ${COUNTED}`;
const WENT = `select account, -1 as runs, -bytes as bytes from went where ${COUNTED}`;

/** What each kind of statement adds to the accounts, and the tables in which PostgreSQL shows its rows to the trigger. */
const TRIGGERS = [
  { on: 'insert', moved: CAME, tables: 'new table as came' },
  { on: 'delete', moved: WENT, tables: 'old table as went' },
  { on: 'update', moved: `${CAME} union all ${WENT}`, tables: 'new table as came old table as went' },
];

/** Accounts are changed in one order: two hosts could deadlock otherwise. */
const counter = (on: string, moved: string) => `create function sluice.count_parked_${on}() returns trigger language plpgsql as $$
  declare
    change record;
  begin
    for change in
      select account, sum(runs) as runs, sum(bytes) as bytes from (${moved}) as moved
      group by account having sum(runs) <> 0 or sum(bytes) <> 0 order by account
    loop
      insert into sluice.parked_account as known (account, runs, bytes) values (change.account, change.runs, change.bytes)
        on conflict (account) do update set runs = known.runs + excluded.runs, bytes = known.bytes + excluded.bytes;
      delete from sluice.parked_account where account = change.account and runs = 0;
    end loop;
    return null;
  end
$$`;

/**
 * Counts the bytes of parked runs by account, exactly and in the transaction that changes them: a sum over the rows would read all of them
 * each time. A host of the release before writes its rows to the account `unknown`.
 */
export class CountParkedBytes1796100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table sluice.parked_run add column account text not null default 'unknown', add column bytes bigint not null default 0`,
    );
    // by the text: an event that contains NUL is JSON which PostgreSQL does not take apart
    await runner.query(
      `update sluice.parked_run set
        account = coalesce('issuer ' || substring(event::text from '"source":"/issuers/([^/"]+)/'), 'flow ' || flow),
        bytes = greatest(1024, octet_length(message) + octet_length(event::text) + octet_length(error::text))`,
    );
    await runner.query(
      `create table sluice.parked_account (
        account text primary key,
        runs bigint not null,
        bytes bigint not null
      ) with (fillfactor = 50)`, // updated with each parked run: room for the new row beside the old one
    );
    await runner.query(
      `insert into sluice.parked_account select account, count(*), sum(bytes) from sluice.parked_run where ${COUNTED} group by account`,
    );
    for (const { on, moved, tables } of TRIGGERS) {
      await runner.query(counter(on, moved));
      await runner.query(
        `create trigger count_${on} after ${on} on sluice.parked_run referencing ${tables} execute function sluice.count_parked_${on}()`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { on } of TRIGGERS) await runner.query(`drop function sluice.count_parked_${on} cascade`);
    await runner.query('drop table sluice.parked_account');
    await runner.query('alter table sluice.parked_run drop column account, drop column bytes');
  }
}
