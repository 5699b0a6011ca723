import { freePort } from '@sluice/runtime';
import { HostProcess } from './host.js';
import { makeFolder, makeWorkspace } from './workspace.js';

/** Hosts with a gateway each, on the same workspace and servers. */
export interface Gateways {
  readonly hosts: readonly HostProcess[];
  /** STOMP ports, in the order of the hosts. */
  readonly ports: readonly number[];
  /** Returns the base URLs of the hosts that accept events now. */
  readonly urls: () => readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Starts gateways and resolves when all accept events.
 *
 * @param checkouts one host for each entry, from that built checkout; undefined: from this one
 */
export async function startGateways(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  checkouts: readonly (string | undefined)[] = [undefined, undefined],
): Promise<Gateways> {
  const workspace = makeWorkspace(files);
  const homes = checkouts.map(() => makeFolder('home'));
  const ports = await Promise.all(checkouts.map(() => freePort()));
  const hosts = checkouts.map((checkout, n) => {
    const variables = { ...env, SLUICE_STOMP_PORT: String(ports[n]) };
    const home = homes[n]?.path ?? '';
    return new HostProcess({ workspace: workspace.path, home, env: variables, ...(checkout !== undefined && { checkout }) });
  });
  const close = async () => {
    await Promise.all(hosts.map((host) => host.dispose()));
    for (const folder of [...homes, workspace]) folder.remove();
  };
  try {
    await Promise.all(hosts.map((host) => host.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return { hosts, ports, urls: () => hosts.flatMap(({ url }) => url ?? []), close };
}
