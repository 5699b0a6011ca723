import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

@Entity({ schema: SCHEMA, name: 'recorded_value' })
export class RecordedValueEntity {
  /** SHA-256 of the value. */
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  /** JSON. */
  @Column({ type: 'text' })
  value!: string;

  @Column({ type: 'integer' })
  bytes!: number;

  /** When the value was last used, less at most a second. */
  @Column({ type: 'timestamptz' })
  at!: Date;
}
