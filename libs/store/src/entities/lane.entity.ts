import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

/** A lane whose run is away, or behind which events are held. Rows are written by the function `write_lanes` only. */
@Entity({ schema: SCHEMA, name: 'lane' })
export class LaneEntity {
  @PrimaryColumn({ type: 'text' })
  flow!: string;

  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  run!: string;

  @Column({ type: 'integer' })
  epoch!: number;
}
