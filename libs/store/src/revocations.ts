import type { Revocation, RevocationStore } from '@sluice/engine';
import type { Database } from './database.js';

interface RevocationRow {
  readonly issuer: string;
  readonly kind: 'jti' | 'sub';
  readonly name: string;
  readonly at: Date;
}

/** Rows of `revocation`. They are never deleted: each takes a few bytes. */
export class PostgresRevocations implements RevocationStore {
  constructor(private readonly database: Database) {}

  async add(revocation: Parameters<RevocationStore['add']>[0]): Promise<void> {
    const [kind, name] = 'jti' in revocation ? ['jti', revocation.jti] : ['sub', revocation.sub];
    await this.database.rows(
      `insert into sluice.revocation (issuer, kind, name, at) values ($1, $2, $3, clock_timestamp())
       on conflict (issuer, kind, name) do update set at = excluded.at`,
      [revocation.issuer, kind, name],
    );
  }

  async list(): Promise<readonly Revocation[]> {
    const rows = await this.database.rows<RevocationRow>('select issuer, kind, name, at from sluice.revocation order by at');
    return rows.map(({ issuer, kind, name, at }) => ({ issuer, at, ...(kind === 'jti' ? { jti: name } : { sub: name }) }));
  }
}
