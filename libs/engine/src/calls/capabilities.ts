import { CAPABILITIES, engineFail, type Capabilities, type CapabilityName, type UsedCapabilities } from '@sluice/plugin-api';
import type { CapabilityUser, Connection } from './connection.js';

/**
 * Returns the capabilities that the plugin of a connection has declared in `uses`. One that is optional and that no connection provides is
 * absent.
 *
 * @param all the connections of the workspace.
 */
export function capabilitiesFor(user: CapabilityUser, all: readonly Connection[]): UsedCapabilities {
  const { uses = {} } = user.connection.plugin;
  const used: Partial<Record<CapabilityName, (connection?: string) => Promise<unknown>>> = {};
  for (const [name, use] of Object.entries(uses) as [CapabilityName, string][]) {
    const providers = all.filter(({ plugin }) => plugin.provides?.[name]);
    if (use === 'optional' && providers.length === 0) continue;
    used[name] = async (connection) => capabilityOf(name, providerOf(name, connection, user, providers), user);
  }
  return used as UsedCapabilities;
}

/** Throws `CONFIG_INVALID` when no connection, or no single one, is meant. */
function providerOf(
  name: CapabilityName,
  wanted: string | undefined,
  user: CapabilityUser,
  providers: readonly Connection[],
): Connection {
  const { spec, plugin } = user.connection;
  const { title, cure } = CAPABILITIES[name];
  const names = providers.map((one) => one.spec.name).join(', ');
  if (plugin.provides?.[name])
    throw engineFail.CONFIG_INVALID(`connection ${spec.name}: plugin ${plugin.name} uses ${name}, which it provides itself`);
  if (providers.length === 0) throw engineFail.CONFIG_INVALID(`connection ${spec.name}: ${plugin.name} needs ${title}: ${cure}`);
  if (wanted === undefined && providers.length > 1)
    throw engineFail.CONFIG_INVALID(`connection ${spec.name}: several connections provide ${title}: name one of ${names}`);
  const found = wanted === undefined ? providers[0] : providers.find((one) => one.spec.name === wanted);
  if (found) return found;
  throw engineFail.CONFIG_INVALID(`connection ${spec.name}: connection "${wanted}" is not ${title}: name one of ${names}`);
}

async function capabilityOf<Name extends CapabilityName>(
  name: Name,
  provider: Connection,
  user: CapabilityUser,
): Promise<Capabilities[Name]> {
  const client = await provider.client();
  // a signal that has fired calls no listener, so the one of the provider would stay
  user.signal.throwIfAborted();
  const forget = provider.onLost(() => user.lost(new Error(`connection ${provider.spec.name}, which it uses, was lost`)));
  user.signal.addEventListener('abort', forget, { once: true });
  return provider.plugin.provides?.[name]?.(client) as Capabilities[Name];
}
