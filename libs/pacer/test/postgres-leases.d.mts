import type { LeaseStore } from '@sluice/engine';
import type { Pool } from 'pg';

export declare class PostgresLeases implements LeaseStore {
  constructor(pool: Pool);
  take: LeaseStore['take'];
  release: LeaseStore['release'];
  list: LeaseStore['list'];
}
