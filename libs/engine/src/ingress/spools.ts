import path from 'node:path';
import { newEventId, type Accepted, type Log, type Meter, type NewEvent, type Clock } from '@sluice/plugin-api';
import type { EventIngress } from './event-ingress.js';
import { Spool } from './spool.js';

export interface SpoolsDeps {
  /** Contains a folder for each flow. */
  readonly folder: string;
  readonly ingress: EventIngress;
  readonly meter: (connection: string) => Meter;
  readonly log: Log;
  readonly clock: Clock;
}

/** The spools of this host: one for each flow whose source is live. */
export class Spools {
  private readonly byConnection = new Map<string, Spool[]>();

  constructor(private readonly deps: SpoolsDeps) {}

  /** Opens the spool of a flow; the caller closes it. Rejects when the folder cannot be used. */
  async open(flow: string, connection: string): Promise<Spool> {
    const { folder, ingress, log, clock } = this.deps;
    const meter = this.deps.meter(connection);
    const spool = await Spool.open({
      folder: path.join(folder, flow),
      hand: ({ event, acceptedAt }) => ingress.handLate(flow, event, acceptedAt),
      dropped: meter.counter('sluice_spool_lost_total', 'Events of live sources that were dropped because a spool was full'),
      log,
      clock,
      name: flow,
    });
    const all = [...(this.byConnection.get(connection) ?? []), spool];
    this.byConnection.set(connection, all);
    meter.gauge('sluice_spool_bytes', 'Bytes of events of live sources that wait for the broker', () =>
      all.reduce((sum, one) => sum + one.waiting, 0),
    );
    return spool;
  }
}

/** An event with type and source. */
export type NamedEvent = NewEvent & { readonly type: string; readonly source: string };

/** Returns an `accept` that resolves once the spool has the event: a live source cannot wait for the broker and cannot repeat events. */
export function acceptInto(spool: Spool, event: NamedEvent, clock: Clock): Promise<Accepted> {
  const now = clock.now();
  const id = event.id ?? newEventId();
  spool.append({ acceptedAt: now, event: { ...event, id, time: event.time ?? new Date(now) } });
  return Promise.resolve({ id });
}
