import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

@Entity({ schema: SCHEMA, name: 'flow_revision' })
export class FlowRevisionEntity {
  @PrimaryColumn({ type: 'text' })
  flow!: string;

  @PrimaryColumn({ type: 'text' })
  revision!: string;

  @Column({ type: 'text' })
  source!: string;

  @Column({ type: 'text' })
  constants!: string;

  /** From a sequence of 32 bits, so that the driver returns a number. */
  @Column({ type: 'integer' })
  generation!: number;

  @Column({ type: 'timestamptz', name: 'first_seen' })
  firstSeen!: Date;

  @Column({ type: 'timestamptz', name: 'last_seen' })
  lastSeen!: Date;
}
