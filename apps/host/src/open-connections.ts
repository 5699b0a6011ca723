import type { Engine } from '@sluice/engine';
import { PluginConnections, type Closable } from '@sluice/plugin-api';

/** The engine's own connections: a module's requests and a flow's steps work with the same client. */
export class OpenConnections extends PluginConnections {
  constructor(private readonly connections: Engine['connections']) {
    super();
  }

  override of<Client extends Closable>(plugin: string): ReadonlyMap<string, () => Promise<Client>> {
    const own = this.connections.all().filter((connection) => connection.spec.plugin === plugin);
    return new Map(own.map((connection) => [connection.spec.name, () => connection.client() as Promise<Client>]));
  }
}
