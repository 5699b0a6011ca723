import { sourceOf, type Database, type Meter, type ServiceDoors, type Services, type Tokens } from '@sluice/plugin-api';
import type { Door } from './door.js';
import type { HostPeers } from './peers.js';
import { queues, type Bus } from './ports/bus.js';
import type { LeaseStore } from './ports/store.js';
import { decodeRun, runMessage } from './run-state.js';
import { underLease } from './under-lease.js';

/** What the program around the engine lends to plugins that serve clients. */
export interface Lent {
  /** Absent: no clients are served here. */
  readonly listen?: Services['listen'];
  /** Verifies tokens that clients of a connection send. */
  readonly tokens: (connection: string) => Tokens;
  readonly doors: ServiceDoors;
  /** The tables of one connection. Opened when they are first used. */
  readonly database: (connection: string) => Database;
  readonly meter: (connection: string) => Meter;
  /** A folder for what live sources said and the broker does not have yet. Absent: it is lost when the broker is away. */
  readonly spool?: string;
  /** A folder for copies that plugins may lose. Absent: they keep none, or where they always did. */
  readonly folder?: string;
}

export interface ServicesDeps {
  readonly lent: Lent;
  readonly bus: Bus;
  readonly door: Door;
  readonly peers: HostPeers;
  readonly leases: LeaseStore;
  readonly hostId: string;
}

/** The services of one connection: what it names is its own, so that two connections of a plugin share nothing. */
export function servicesOf(connection: string, { lent, bus, door, peers, leases, hostId }: ServicesDeps): Services {
  const tokens = lent.tokens(connection);
  return {
    ...(lent.listen && { listen: lent.listen }),
    tokens,
    doors: lent.doors,
    database: lent.database(connection),
    meter: lent.meter(connection),
    peers: {
      id: peers.id,
      broadcast: (topic, body) => peers.broadcast(`${connection}/${topic}`, body),
      listen: (topic, heard) => peers.listen(`${connection}/${topic}`, heard),
    },
    publish: async (event, by) => {
      if (!by) return door.publish({ ...event, source: `/connections/${connection}` });
      tokens.requireScope(by, 'events:write');
      tokens.requireEventType(by, event.type);
      return door.publish({ ...event, source: sourceOf(by), authid: by.sub });
    },
    isTaken: (type) => door.isTaken(type),
    resume: async (token, output) => {
      const { state, body } = decodeRun(token);
      const message = runMessage({ state: { ...state, result: { ok: true, output } }, body });
      await bus.publish([{ queue: queues.next(state.flow), message }]);
    },
    lease: (name, signal, work) => underLease(leases, hostId, `${connection}.${name}`, signal, work),
  };
}
