import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The kinds of entries by which runs are listed. A literal: an index is used only for a query that contains its condition. */
export const STATE_KINDS_SQL = `kind in ('done', 'stopped', 'caught', 'parked', 'dropped', 'expired', 'duplicate', 'replayed', 'waiting')`;

/**
 * Adds notes and lists of runs. The indexes are created for partitions of later days only: building them over a journal of millions of rows
 * would take longer than a host may take to start. Days that exist already are read without them until the retention removes them.
 */
export class AddNotes1796349000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table sluice.journal add column epoch integer, add column note text, add column note_words tsvector, add column waits json',
    );
    await runner.query(`create index journal_kind on only sluice.journal (kind, at, n) where ${STATE_KINDS_SQL}`);
    await runner.query(`create index journal_flow on only sluice.journal (flow, kind, at, n) where ${STATE_KINDS_SQL}`);
    await runner.query('create index journal_connection on only sluice.journal (connection, at, n) where connection is not null');
    // a search reads the pending entries of the index one by one, and the default of 4 MiB would make that slower than reading the table
    await runner.query(
      `create index journal_note on only sluice.journal using gin (note_words) with (gin_pending_list_limit = 256)
       where note_words is not null`,
    );
    await runner.query('alter table sluice.parked_run add column note text, add column note_words tsvector');
    await runner.query('create index parked_run_note on sluice.parked_run using gin (note_words) where note_words is not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sluice.parked_run drop column note, drop column note_words');
    for (const name of ['kind', 'flow', 'connection', 'note']) await runner.query(`drop index sluice.journal_${name}`);
    await runner.query(
      'alter table sluice.journal drop column epoch, drop column note, drop column note_words, drop column waits',
    );
  }
}
