import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

/** An event that waits for its lane. Rows are written by the function `write_lanes` only. */
@Entity({ schema: SCHEMA, name: 'lane_held' })
export class LaneHeldEntity {
  /** Grows in the order in which the events were held. */
  @PrimaryColumn({ type: 'bigint' })
  n!: string;

  @Column({ type: 'text' })
  flow!: string;

  @Column({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  run!: string;

  @Column({ type: 'integer' })
  epoch!: number;

  /** Number of starts. */
  @Column({ type: 'integer' })
  begun!: number;

  /** Not selected in lists, because it can be as large as an event. */
  @Column({ type: 'bytea', select: false })
  message!: Buffer;
}
