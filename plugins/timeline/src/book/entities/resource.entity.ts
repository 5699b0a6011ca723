import { Column, Entity, JoinColumn, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation } from 'typeorm';

/** A person or a thing that can be booked, such as a doctor or a room. A row of the page. */
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

  /** Whether its entries may overlap, as in group lessons. */
  @Column({ type: 'boolean' })
  shared!: boolean;

  @Column({ type: 'boolean' })
  archived!: boolean;

  @OneToMany(() => WorkingHoursEntity, (hours) => hours.resource)
  hours!: Relation<WorkingHoursEntity[]>;
}

/** Working hours of a weekday or of one date. Those of a date replace those of its weekday. */
@Entity('working_hours')
export class WorkingHoursEntity {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column({ type: 'integer', name: 'resource_id' })
  resourceId!: number;

  @ManyToOne(() => ResourceEntity, (resource) => resource.hours)
  @JoinColumn({ name: 'resource_id' })
  resource!: Relation<ResourceEntity>;

  /** From 1, Monday. */
  @Column({ type: 'smallint', nullable: true })
  weekday!: number | null;

  @Column({ type: 'date', nullable: true })
  day!: string | null;

  @Column({ type: 'time', nullable: true })
  opens!: string | null;

  @Column({ type: 'time', nullable: true })
  closes!: string | null;
}
