import { MAX_HEARTBEAT_AGE_MS, type HostStore } from '@sluice/engine';
import type { MemoryDatabase } from './memory-database.js';

/** Returns the hosts that are announced in the database. */
export function memoryHosts(database: MemoryDatabase): HostStore {
  return {
    announce: (host) => database.use(() => void database.hosts.set(host.id, { ...host, at: database.now() })),
    leave: (id) => database.use(() => void database.hosts.delete(id)),
    list: () =>
      database.use(() =>
        [...database.hosts.values()]
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .map(({ at, ...host }) => ({
            ...host,
            heartbeat: new Date(at),
            live: database.now() - at <= MAX_HEARTBEAT_AGE_MS,
          })),
      ),
  };
}
