import { isDeepStrictEqual } from 'node:util';
import { engineFail, type AnyPlugin } from '@sluice/plugin-api';
import type { ConnectionSpec } from '@sluice/flow';
import { capabilitiesFor } from './capabilities.js';
import { Connection, type ConnectionDeps } from './connection.js';

/** Time for calls in flight of a connection that is changed or removed, in milliseconds. */
const RETIRE_GRACE_MS = 8_000;

/** The difference between two sets of connections. */
export interface ConnectionChanges {
  readonly added: readonly Connection[];
  /** Connections whose settings for the plugin have changed, with their successors. */
  readonly changed: readonly { readonly before: Connection; readonly after: Connection }[];
  readonly removed: readonly Connection[];
  /** Resolves when the changed and removed connections are closed. */
  readonly closed: Promise<unknown>;
}

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

  /**
   * Replaces the connections. A connection with the same settings stays open. New calls use the new connections at once; the old ones close
   * when their running calls have ended.
   *
   * @throws CONFIG_INVALID when the plugin of a connection is not loaded; then nothing is replaced
   */
  replace(specs: Iterable<ConnectionSpec>): ConnectionChanges {
    const added: Connection[] = [];
    const changed: { before: Connection; after: Connection }[] = [];
    const closing: Promise<void>[] = [];
    const next = new Map<string, Connection>();
    const wanted = [...specs].map((spec) => ({ spec, plugin: this.#plugin(spec.plugin) }));
    for (const { spec, plugin } of wanted) {
      const before = this.#byName.get(spec.name);
      if (before && isSame(before.spec, spec)) {
        before.adopt(spec);
        next.set(spec.name, before);
      } else {
        const closed = before && this.#retired(before);
        if (closed) closing.push(closed);
        // a server of the plugin may listen at the same port
        const after = new Connection(spec, plugin, this.deps, plugin.serves ? closed : undefined);
        next.set(spec.name, after);
        if (before) changed.push({ before, after });
        else added.push(after);
      }
    }
    const removed = [...this.#byName.values()].filter(({ spec }) => !next.has(spec.name));
    for (const one of removed) closing.push(this.#retired(one));
    this.#byName.clear();
    for (const [name, connection] of next) this.#byName.set(name, connection);
    return { added, changed, removed, closed: Promise.all(closing) };
  }

  #retired(connection: Connection): Promise<void> {
    // clients of a server would keep it busy
    return connection.retire(connection.plugin.serves ? 0 : RETIRE_GRACE_MS);
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

/** Returns whether a client of one connection can serve the other one. The pace belongs to the calls and not to the client. */
function isSame(a: ConnectionSpec, b: ConnectionSpec): boolean {
  return a.plugin === b.plugin && isDeepStrictEqual(a.config, b.config);
}
