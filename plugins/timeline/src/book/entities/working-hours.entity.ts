import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { ResourceEntity } from './resource.entity.js';

/** Of a weekday, or of one day, which goes before its weekday. */
@Entity('working_hours')
export class WorkingHoursEntity {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column({ type: 'integer', name: 'resource_id' })
  resourceId!: number;

  @ManyToOne(() => ResourceEntity, (resource) => resource.hours)
  @JoinColumn({ name: 'resource_id' })
  resource!: Relation<ResourceEntity>;

  /** 1 is Monday. */
  @Column({ type: 'smallint', nullable: true })
  weekday!: number | null;

  @Column({ type: 'date', nullable: true })
  day!: string | null;

  @Column({ type: 'time', nullable: true })
  opens!: string | null;

  @Column({ type: 'time', nullable: true })
  closes!: string | null;
}
