import { expect, it } from '@jest/globals';
import { startPostgres } from '@sluice/testing';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../src/migrations/index.js';

/** Everything that a migration can create: columns, indexes, constraints, functions and sequences, each with its definition. */
const SCHEMA_OBJECTS = `
select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as text
from information_schema.columns where table_schema = 'sluice'
union all select indexdef from pg_indexes where schemaname = 'sluice'
union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'sluice'::regnamespace
union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'sluice'::regnamespace and prokind = 'f'
union all select 'sequence ' || sequencename from pg_sequences where schemaname = 'sluice'
order by text`;

it('reverts each migration to the schema before it, and runs all of them again', async () => {
  const server = await startPostgres();
  const source = new DataSource({ type: 'postgres', url: server.url });
  const objects = async () => (await source.query<{ text: string }[]>(SCHEMA_OBJECTS)).map(({ text }) => text);
  try {
    await source.initialize();
    await source.query('create schema sluice');
    const runner = source.createQueryRunner();
    const schemas: (readonly string[])[] = [];
    for (const Migration of MIGRATIONS) {
      await new Migration().up(runner);
      schemas.push(await objects());
    }
    for (const [n, Migration] of [...MIGRATIONS.entries()].reverse()) {
      expect(await objects()).toEqual(schemas[n]);
      await new Migration().down(runner);
    }
    expect(await objects()).toEqual([]);
    for (const Migration of MIGRATIONS) await new Migration().up(runner);
    expect(await objects()).toEqual(schemas.at(-1));
    await runner.release();
  } finally {
    if (source.isInitialized) await source.destroy();
    await server.stop();
  }
}, 120_000);
