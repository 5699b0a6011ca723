import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { Status } from '../../entry.js';
import { ResourceEntity } from './resource.entity.js';

@Entity('entry')
export class EntryEntity {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'integer', name: 'resource_id' })
  resourceId!: number;

  @ManyToOne(() => ResourceEntity)
  @JoinColumn({ name: 'resource_id' })
  resource!: Relation<ResourceEntity>;

  /** A copy of the resource's field, from which the database knows whether entries may overlap. */
  @Column({ type: 'boolean' })
  shared!: boolean;

  @Column({ type: 'timestamptz', name: 'starts_at' })
  startsAt!: Date;

  @Column({ type: 'timestamptz', name: 'ends_at' })
  endsAt!: Date;

  @Column({ type: 'text' })
  status!: Status;

  @Column({ type: 'text' })
  client!: string;

  @Column({ type: 'text' })
  phone!: string;

  @Column({ type: 'text' })
  comment!: string;

  @Column({ type: 'text' })
  note!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text', name: 'changed_by' })
  changedBy!: string;

  @Column({ type: 'timestamptz', name: 'changed_at' })
  changedAt!: Date;
}
