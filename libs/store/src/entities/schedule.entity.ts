import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

@Entity({ schema: SCHEMA, name: 'schedule' })
export class ScheduleEntity {
  @PrimaryColumn({ type: 'text' })
  flow!: string;

  @Column({ type: 'text' })
  cron!: string;

  @Column({ type: 'text' })
  timezone!: string;

  @Column({ type: 'timestamptz' })
  planned!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  fired!: Date | null;
}
