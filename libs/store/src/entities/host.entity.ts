import type { HostReport } from '@sluice/engine';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

@Entity({ schema: SCHEMA, name: 'host' })
export class HostEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  version!: string;

  @Column({ type: 'text', array: true })
  consumes!: string[];

  @Column({ type: 'jsonb' })
  flows!: HostReport['flows'];

  @Column({ type: 'timestamptz' })
  heartbeat!: Date;
}
