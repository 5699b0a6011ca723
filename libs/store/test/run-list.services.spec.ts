import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseNoteQuery, type RunFilter, type Store } from '@sluice/engine';
import { systemClock } from '@sluice/plugin-api';
import { openStore } from '@sluice/store';
import { startPostgres } from '@sluice/testing';
import pg from 'pg';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** More rows than a page may look through, so that a plan without an index differs from one with an index. */
const RUNS = 60_000;
const MAX_SCANNED = 2_000;

type Server = Awaited<ReturnType<typeof startPostgres>>;
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

let server: Server;
let store: Store;
let client: pg.Client;

beforeAll(async () => {
  server = await startPostgres();
  store = await openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock });
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await fill();
}, 120_000);
afterAll(async () => {
  await client.end();
  await store.close();
  await server.stop();
});

/** Adds runs over two days, each with one call and one end. One in a hundred is parked, one in 20,000 belongs to the flow `rare`. */
async function fill(): Promise<void> {
  for (const day of [1, 2]) {
    store.journal.write({
      at: new Date(Date.UTC(2026, 0, day)),
      flow: 'first',
      run: `day-${day}`,
      eventId: 'e',
      eventSource: '/s',
      eventType: 't',
      kind: 'done',
    });
  }
  await store.journal.flush();
  await client.query(
    `insert into sluice.journal (at, flow, run, event_id, event_source, event_type, kind, connection, note, note_words)
     select timestamptz '2026-01-01T00:00:00Z' + i * interval '2 seconds' + is_end * interval '1 second',
       case when i % 20000 = 7 then 'rare' else 'orders' end, 'r' || i, 'e' || i, '/s', 't',
       case when is_end = 0 then 'called' when i % 100 = 0 then 'parked' else 'done' end,
       case when is_end = 0 then case when i % 2 = 0 then 'erp' else 'crm' end end,
       case when is_end = 1 then 'Заказ W-' || i end,
       case when is_end = 1 then array_to_tsvector(array['заказ', 'w-' || i, 'w', i::text]) end
     from generate_series(1, ${RUNS}) as i, generate_series(0, 1) as is_end order by i, is_end`,
  );
  // as autovacuum does within a minute
  await client.query('analyze sluice.journal');
}

/** Returns the plans of the statements that a page needs, with the rows that they have read. */
async function plansOf(filter: RunFilter): Promise<readonly PlanNode[]> {
  const sent: { sql: string; params: unknown[] }[] = [];
  const database = store as unknown as { database: { rows(sql: string, params?: unknown[]): Promise<unknown[]> } };
  const rows = database.database.rows.bind(database.database);
  database.database.rows = async (sql, params = []) => {
    sent.push({ sql, params });
    return rows(sql, params);
  };
  try {
    await store.journal.runs({ limit: 100, ...filter });
  } finally {
    database.database.rows = rows;
  }
  const nodes: PlanNode[] = [];
  for (const { sql, params } of sent) {
    const { rows: plans } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json, timing off) ${sql}`,
      params,
    );
    const walk = (node: PlanNode) => {
      nodes.push(node);
      node.Plans?.forEach(walk);
    };
    walk(plans[0]!['QUERY PLAN'][0].Plan);
  }
  return nodes;
}

describe('a list of runs in a journal of many rows', () => {
  it.each<[string, RunFilter, string]>([
    ['everything', {}, 'kind'],
    ['one outcome', { kind: 'parked' }, 'kind'],
    ['one flow', { flow: 'rare' }, 'flow'],
    ['one connection', { connection: 'erp' }, 'connection'],
    ['one connection, and an outcome that few runs have', { connection: 'erp', kind: 'stopped' }, 'connection'],
    ['a word that one run has', { note: parseNoteQuery('W-4711') }, 'note'],
    ['a word that all runs have', { note: parseNoteQuery('заказ') }, 'kind'],
  ])('reads an index and a bounded number of rows: %s', async (_name, filter, index) => {
    const nodes = await plansOf(filter);
    const indexes = nodes.map((node) => node['Index Name'] ?? '');
    expect(indexes.filter((name) => name.includes(`_${index}`))).not.toEqual([]);
    const read = nodes.filter((node) => node['Relation Name']?.startsWith('journal'));
    expect(read.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0)).toBeLessThan(15 * MAX_SCANNED);
    const scanned = read.filter((node) => node['Node Type'] === 'Seq Scan');
    expect(scanned.filter((node) => (node['Rows Removed by Filter'] ?? 0) > MAX_SCANNED)).toEqual([]);
  });

  it('finds a run of the oldest day by a word', async () => {
    const { runs } = await store.journal.runs({ limit: 100, note: parseNoteQuery('W-4711') });
    expect(runs.map(({ run, note }) => [run, note])).toEqual([['r4711', 'Заказ W-4711']]);
  });

  it('reaches each run that a filter refuses few rows for, over pages that may be empty', async () => {
    const walked: string[] = [];
    let after: Parameters<Store['journal']['runs']>[0]['after'];
    for (let pages = 0; pages < 100; pages++) {
      const page = await store.journal.runs({ connection: 'erp', kind: 'parked', limit: 100, ...(after && { after }) });
      walked.push(...page.runs.map(({ run }) => run));
      if (!page.next) break;
      after = page.next;
    }
    expect(walked).toHaveLength(RUNS / 100);
    expect(new Set(walked).size).toBe(RUNS / 100);
  });
});
