import {
  sourceOf,
  type Database,
  type Meter,
  type RuntimeIssuers,
  type UpgradeRegistrar,
  type Services,
  type Tokens,
  type Clock,
} from '@sluice/plugin-api';
import type { EventIngress } from './ingress/event-ingress.js';
import type { HostPeers } from './coordination/peers.js';
import { queues, type Bus } from './ports/bus.js';
import type { LeaseStore } from './ports/store.js';
import { decodeRun, runMessage } from './runs/run-codec.js';
import { underLease } from './coordination/under-lease.js';

/** The capabilities of the host program that plugins with clients of their own use. */
export interface HostCapabilities {
  /** Absent: this host serves no clients. */
  readonly listen?: Services['listen'];
  /** Verifies tokens that clients of a connection send. */
  readonly tokens: (connection: string) => Tokens;
  /** Registers issuers of a connection. Absent: only the issuers of sluice.yaml are accepted. */
  readonly issuers?: (connection: string) => RuntimeIssuers;
  readonly routes: UpgradeRegistrar;
  /** Returns the tables of one connection, which are opened at the first use. */
  readonly database: (connection: string) => Database;
  readonly meter: (connection: string) => Meter;
  /** A folder for events of live sources that the broker does not have yet. Absent: they are lost while the broker is unavailable. */
  readonly spool?: string;
  /** A folder for copies that plugins may lose. Absent: they keep none, or where they always did. */
  readonly folder?: string;
}

export interface ServicesDeps {
  readonly capabilities: HostCapabilities;
  readonly bus: Bus;
  readonly ingress: EventIngress;
  readonly peers: HostPeers;
  readonly leases: LeaseStore;
  readonly hostId: string;
  readonly clock: Clock;
}

/** Returns the services of one connection. All names belong to it, so that two connections of a plugin share nothing. */
export function servicesOf(
  connection: string,
  { capabilities, bus, ingress, peers, leases, hostId, clock }: ServicesDeps,
): Services {
  const tokens = capabilities.tokens(connection);
  return {
    ...(capabilities.listen && { listen: capabilities.listen }),
    tokens,
    ...(capabilities.issuers && { issuers: capabilities.issuers(connection) }),
    routes: capabilities.routes,
    database: capabilities.database(connection),
    meter: capabilities.meter(connection),
    peers: {
      id: peers.id,
      broadcast: (topic, body) => peers.broadcast(`${connection}/${topic}`, body),
      listen: (topic, heard) => peers.listen(`${connection}/${topic}`, heard),
    },
    publish: async (event, by) => {
      if (!by) return ingress.publish({ ...event, source: `/connections/${connection}` });
      tokens.requireScope(by, 'events:write');
      tokens.requireEventType(by, event.type);
      return ingress.publish({ ...event, source: sourceOf(by), authid: by.sub });
    },
    isTaken: (type) => ingress.hasSubscriber(type),
    resume: async (token, output) => {
      const { state, body } = decodeRun(token);
      const message = runMessage({ state: { ...state, result: { ok: true, output } }, body }, clock.now());
      await bus.publish([{ queue: queues.next(state.flow), message }]);
    },
    lease: (name, signal, work) => underLease(leases, hostId, `${connection}.${name}`, clock, signal, work),
  };
}
