import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRevocations1796000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.revocation (
        issuer text not null,
        kind text not null check (kind in ('jti', 'sub')),
        name text not null,
        at timestamptz not null,
        primary key (issuer, kind, name)
      )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sluice.revocation');
  }
}
