import { MAX_AUDIT_TEXT_LENGTH, type AuditAction, type AuditRow, type AuditStore } from '@sluice/engine';
import type { Database } from './database.js';
import { fromColumn, toColumn } from './text.js';

interface Row {
  /** A bigint, which the driver returns as a text. */
  readonly n: string;
  readonly at: Date;
  readonly issuer: string;
  readonly sub: string;
  readonly route: string;
  readonly target: string;
  readonly outcome: string;
}

/** Rows of `audit`, one for each action. */
export class PostgresAudit implements AuditStore {
  constructor(private readonly database: Database) {}

  async begin({ issuer, sub, route, target }: AuditAction): Promise<number> {
    const texts = [issuer, sub, route, target].map((text) => toColumn(text.slice(0, MAX_AUDIT_TEXT_LENGTH)));
    const [row] = await this.database.rows<{ n: string }>(
      'insert into sluice.audit (issuer, sub, route, target) values ($1, $2, $3, $4) returning n',
      texts,
    );
    return Number((row as { n: string }).n);
  }

  async end(n: number, outcome: string): Promise<void> {
    await this.database.change('update sluice.audit set outcome = $2 where n = $1', [n, outcome]);
  }

  async list({ after, limit }: { readonly after?: number; readonly limit: number }): Promise<readonly AuditRow[]> {
    const rows = await this.database.rows<Row>(
      `select n, at, issuer, sub, route, target, outcome from sluice.audit
       where $1::bigint is null or n < $1 order by n desc limit $2`,
      [after ?? null, limit],
    );
    return rows.map(({ n, at, issuer, sub, route, target, outcome }) => ({
      n: Number(n),
      at,
      issuer: fromColumn(issuer),
      sub: fromColumn(sub),
      route: fromColumn(route),
      target: fromColumn(target),
      outcome,
    }));
  }

  async size({ after, limit }: { readonly after?: number; readonly limit: number }): Promise<number> {
    const [row] = await this.database.rows<{ count: string }>(
      'select count(*) from (select from sluice.audit where $1::bigint is null or n < $1 limit $2) as page',
      [after ?? null, limit],
    );
    return Number((row as { count: string }).count);
  }

  /** Deletes the actions that are older than `ms`, and of each route all but the newest `rows`. */
  async sweep(ms: number, rows: number): Promise<void> {
    await this.database.change(
      `delete from sluice.audit where at < clock_timestamp() - $1 * interval '1 millisecond'
       or n in (select n from (
         select n, row_number() over (partition by route order by n desc) as rank from sluice.audit
       ) as ranked where rank > $2)`,
      [ms, rows],
    );
  }
}
