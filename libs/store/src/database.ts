import { engineFail, isSluiceError } from '@sluice/plugin-api';
import type { DataSource, EntityManager, EntityTarget, ObjectLiteral, Repository } from 'typeorm';

/**
 * Access to the database: raw SQL for the hot paths, repositories for the rest. Every method rejects with `STORE_UNAVAILABLE` if the
 * database cannot be used.
 */
export class Database {
  constructor(private readonly source: DataSource) {}

  /** Returns the rows of a SELECT, or of an INSERT with RETURNING. */
  async rows<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    return reachable(() => this.source.query<Row[]>(sql, params));
  }

  /** Returns how many rows an UPDATE or DELETE has changed. */
  async change(sql: string, params: unknown[] = []): Promise<number> {
    const [, count] = await reachable(() => this.source.query<[unknown[], number]>(sql, params));
    return count;
  }

  async repository<Entity extends ObjectLiteral, Result>(
    entity: EntityTarget<Entity>,
    use: (repository: Repository<Entity>) => Promise<Result>,
  ): Promise<Result> {
    return reachable(() => use(this.source.getRepository(entity)));
  }

  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return reachable(() => this.source.transaction(work));
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

/** Converts a failure to reach the database to `STORE_UNAVAILABLE`. */
export async function reachable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error) || isMistake(error)) throw error;
    throw engineFail.STORE_UNAVAILABLE(`the database cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html that mean "not now": connection, resources, operator, system.
 * A server that has become a standby returns 25006.
 */
const NOT_NOW = /^(08|53|57|58|25006)/;

/** Returns whether the server understood the statement and refused it or its data. */
function isMistake(error: unknown): boolean {
  const state = (error as { code?: unknown }).code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) && !NOT_NOW.test(state);
}

function reasonOf(error: unknown): string {
  // Node wraps the failures of all addresses of a name in one error without a message
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
