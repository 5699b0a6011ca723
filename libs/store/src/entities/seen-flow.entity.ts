import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

@Entity({ schema: SCHEMA, name: 'seen_flow' })
export class SeenFlowEntity {
  @PrimaryColumn({ type: 'text' })
  flow!: string;

  @Column({ type: 'timestamptz', name: 'last_seen' })
  lastSeen!: Date;
}
