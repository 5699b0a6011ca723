import { Column, Entity, OneToMany, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { WorkingHoursEntity } from './working-hours.entity.js';

/** Whoever or whatever is booked: a doctor, a room. A row of the page. */
@Entity('resource')
export class ResourceEntity {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'integer' })
  position!: number;

  /** Its entries may overlap: group lessons. */
  @Column({ type: 'boolean' })
  shared!: boolean;

  @Column({ type: 'boolean' })
  archived!: boolean;

  @OneToMany(() => WorkingHoursEntity, (hours) => hours.resource)
  hours!: Relation<WorkingHoursEntity[]>;
}
