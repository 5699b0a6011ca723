import type { ParkedState } from '@sluice/engine';
import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SCHEMA } from '../schema.js';

// Columns are `json` and not `jsonb`: external data may contain \u0000, which jsonb refuses and json stores unchanged.

@Entity({ schema: SCHEMA, name: 'parked_run' })
export class ParkedRunEntity {
  @PrimaryColumn({ type: 'text' })
  run!: string;

  @PrimaryColumn({ type: 'integer' })
  epoch!: number;

  @Column({ type: 'text' })
  flow!: string;

  @Column({ type: 'text' })
  revision!: string;

  @Column({ type: 'json' })
  event!: EventAttributes;

  @Column({ type: 'text', nullable: true })
  step!: string | null;

  @Column({ type: 'json' })
  error!: ErrorView;

  /** As `toColumn` returns it. */
  @Column({ type: 'text', nullable: true })
  note!: string | null;

  @Column({ type: 'timestamptz', name: 'parked_at' })
  parkedAt!: Date;

  @Column({ type: 'text' })
  state!: ParkedState;

  /** Not selected in lists, because it can be as large as an event. */
  @Column({ type: 'bytea', select: false })
  message!: Buffer;
}
