import type { Diagnosis } from '@sluice/admin-contract';
import { Connections } from '@sluice/engine';
import { diagnoseConnection, Secrets, type LoadedWorkspace } from '@sluice/host';
import { type Services, systemClock } from '@sluice/plugin-api';
import { silent } from '../terminal/print.js';

/** One line of the doctor. `skipped`: the line explains why the connection was not checked; it is neither a success nor a problem. */
export interface Line extends Diagnosis {
  readonly skipped?: true;
}

/**
 * Opens each connection of a workspace in this process, checks it, and closes it again. Needs neither a host nor its database.
 *
 * @param standIns unset variables by connection; `npm start` provides emulators for these connections
 * @returns one line per connection, in the order of sluice.yaml. Each check takes at most 10 s.
 */
export async function checkConnections(
  { workspace, plugins }: LoadedWorkspace,
  standIns: ReadonlyMap<string, string>,
): Promise<readonly Line[]> {
  if (!workspace) return [];
  const secrets = new Secrets();
  secrets.addWorkspace(workspace);
  const { timezone } = workspace.settings;
  const needHost = new Set<string>();
  const connections = new Connections(workspace.connections.values(), plugins, {
    log: silent,
    clock: systemClock,
    mask: secrets.mask,
    ...(timezone !== undefined && { timezone }),
    services: (connection) => servicesWithoutHost(() => needHost.add(connection)),
  });
  const skipped = (name: string, says: string): Line => ({ what: `connection ${name}`, ok: true, skipped: true, says });
  try {
    return await Promise.all(
      connections.all().map(async (connection): Promise<Line> => {
        const { name, plugin } = connection.spec;
        const variable = standIns.get(name);
        if (variable !== undefined) return skipped(name, `not checked: ${variable} is not set, npm start provides a stand-in`);
        if (plugins.get(plugin)?.serves) return skipped(name, `not checked: ${plugin} serves clients and needs a running host`);
        if (Object.values(plugins.get(plugin)?.uses ?? {}).includes('required'))
          return skipped(name, `not checked: ${plugin} uses another plugin and needs a running host`);
        const found = await diagnoseConnection(connection);
        if (needHost.has(name)) return skipped(name, `not checked: ${plugin} needs a running host`);
        return found;
      }),
    );
  } finally {
    await connections.close();
  }
}

/** Returns services that drop metrics. Any other service calls `needed` and throws. */
export function servicesWithoutHost(needed: () => void): Services {
  const absent = (): never => {
    needed();
    throw new Error('this needs a running host');
  };
  return {
    meter: { counter: () => () => undefined, gauge: () => undefined },
    get tokens() {
      return absent();
    },
    get routes() {
      return absent();
    },
    get database() {
      return absent();
    },
    get peers() {
      return absent();
    },
    publish: absent,
    isTaken: absent,
    resume: absent,
    lease: absent,
  };
}
