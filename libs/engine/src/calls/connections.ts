import { engineFail, type AnyPlugin } from '@sluice/plugin-api';
import type { ConnectionSpec } from '@sluice/flow';
import { capabilitiesFor } from './capabilities.js';
import { Connection, type ConnectionDeps } from './connection.js';

/** The connections of a workspace, and one unnamed connection for each plugin without connections. */
export class Connections {
  readonly #byName = new Map<string, Connection>();
  readonly #bare = new Map<string, Connection>();
  private readonly deps: ConnectionDeps;

  constructor(
    specs: Iterable<ConnectionSpec>,
    private readonly plugins: ReadonlyMap<string, AnyPlugin>,
    deps: Omit<ConnectionDeps, 'capabilities'>,
  ) {
    this.deps = { ...deps, capabilities: (user) => capabilitiesFor(user, this.all()) };
    for (const spec of specs) this.#byName.set(spec.name, new Connection(spec, this.#plugin(spec.plugin), this.deps));
  }

  /**
   * Returns the connection with this name, or the unnamed connection of the plugin.
   *
   * @throws CONFIG_INVALID when it does not exist, or belongs to another plugin
   */
  get(plugin: string, name: string | undefined): Connection {
    if (name !== undefined) {
      const found = this.#byName.get(name);
      if (!found) throw engineFail.CONFIG_INVALID(`there is no connection "${name}"`, { sent: 'no' });
      if (found.spec.plugin === plugin) return found;
      throw engineFail.CONFIG_INVALID(`the connection "${name}" belongs to ${found.spec.plugin} and not to ${plugin}`, {
        sent: 'no',
      });
    }
    let bare = this.#bare.get(plugin);
    if (!bare) {
      const spec: ConnectionSpec = {
        name: plugin,
        plugin,
        location: { file: 'sluice.yaml', line: 1, column: 1 },
        config: null,
        secrets: [],
      };
      bare = new Connection(spec, this.#plugin(plugin), this.deps);
      this.#bare.set(plugin, bare);
    }
    return bare;
  }

  all(): readonly Connection[] {
    return [...this.#byName.values()];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byName.values(), ...this.#bare.values()].map((one) => one.close()));
  }

  #plugin(name: string): AnyPlugin {
    const plugin = this.plugins.get(name);
    if (!plugin) throw engineFail.CONFIG_INVALID(`there is no plugin "${name}"`);
    return plugin;
  }
}
