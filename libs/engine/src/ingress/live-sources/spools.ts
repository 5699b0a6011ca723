import path from 'node:path';
import { newEventId, type Accepted, type Log, type Meter, type Clock } from '@sluice/plugin-api';
import { attributesOf, type EventIngress, type SourceEvent } from '../event-ingress.js';
import type { MaybePromise } from '../../maybe-promise.js';
import { contentOf } from '../../runs/event-data.js';
import type { FilterDecision, TriggerFilter } from '../trigger-filter.js';
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
      hand: ({ event, acceptedAt, wherechecked }) => ingress.handLate(flow, event, acceptedAt, wherechecked),
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

/**
 * Accepts an event of a live source, which can neither wait for the broker nor repeat events: resolves once the spool has the event, or once
 * the filter has decided that the flow does not take it.
 */
export async function acceptInto(
  spool: Pick<Spool, 'append'>,
  given: SourceEvent,
  clock: Clock,
  filter: TriggerFilter | undefined,
): Promise<Accepted> {
  const acceptedAt = clock.now();
  const event = { ...given, id: given.id ?? newEventId(), time: given.time ?? new Date(acceptedAt) };
  const taken = filter ? await checkedBy(filter, event, acceptedAt) : 'unknown';
  if (taken !== 'no') spool.append({ acceptedAt, event, ...(taken === 'yes' && { wherechecked: true }) });
  return { id: event.id };
}

function checkedBy(filter: TriggerFilter, event: SourceEvent, acceptedAt: number): MaybePromise<FilterDecision> {
  const { body, datacontenttype } = contentOf(event);
  return filter.check(attributesOf(event, acceptedAt, datacontenttype), body);
}
