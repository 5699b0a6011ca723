import type { LeaseStore, Pace, Pacer, PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import type { Clock, Log } from '@sluice/plugin-api';
import { ConnectionPace } from './connection-pace.js';
import type { OpenSlots } from './slots.js';

export interface LocalPacerOptions {
  readonly leases: LeaseStore;
  readonly hostId: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** The pace of production with slots in this process. It keeps the limits of one host, and needs no Redis. */
export class LocalPacer implements Pacer {
  readonly engine = 'memory';

  constructor(private readonly options: LocalPacerOptions) {}

  own(connection: string, config: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace {
    return new ConnectionPace(connection, config, owner, signal, { ...this.options, openSlots: openLocalSlots });
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Slots of one process: at most `limit` are served at once. */
const openLocalSlots: OpenSlots = ({ serve }) => {
  let limit = 0;
  let asked = 0;
  let served = 0;
  const grant = () => {
    while (asked > 0 && served < limit) {
      asked--;
      served++;
      void serve().then(() => {
        served--;
        grant();
      });
    }
  };
  return {
    setLimit: async (count) => {
      limit = count;
      grant();
    },
    add: async (count) => {
      asked += count;
      grant();
    },
    close: async () => undefined,
  };
};
