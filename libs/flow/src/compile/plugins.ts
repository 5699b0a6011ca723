import { CAPABILITIES, type AnyPlugin, type CapabilityName } from '@sluice/plugin-api';
import { actionOf, triggerOf, type ActionContract, type TriggerContract } from '../contracts.js';
import { opensExpression } from '../expression/index.js';
import { lookAlikeNote } from '../look-alikes.js';
import { namesListed, nearest } from '../nearest.js';
import { replacing, type Cure, type Report } from '../report.js';
import type { ScalarNode } from '../yaml/nodes.js';
import type { Span } from '../yaml/source-text.js';
import type { ConnectionDraft } from '../workspace/drafts.js';

/** Finds the plugins, actions and triggers that `use` names, and reports an unknown one with the nearest known name. */
export class Plugins {
  private readonly connections: ReadonlyMap<string, ConnectionDraft>;

  /**
   * @param complete false when a plugin of sluice.yaml failed to load. Unknown names may belong to that plugin, so they are not reported
   */
  constructor(
    readonly byName: ReadonlyMap<string, AnyPlugin>,
    private readonly complete: boolean,
    connections: readonly ConnectionDraft[],
  ) {
    this.connections = new Map(connections.map((connection) => [connection.name, connection]));
  }

  /**
   * Returns the plugin of this name; reports an unknown one.
   * @param member the action or the trigger that is used of it, for the cure
   */
  plugin(name: string, at: Span, report: Report, member?: string): AnyPlugin | undefined {
    const plugin = this.byName.get(name);
    if (plugin === undefined && this.complete) {
      const near = nearest(name, this.byName.keys());
      const cure =
        near === undefined
          ? { do: `plugins that are loaded: ${[...this.byName.keys()].join(', ') || 'none'}` }
          : replacing(at, withMember(this.byName.get(near), member) ?? near);
      report.error(at, 'REF_PLUGIN', `no plugin is called "${name}"`, cure);
    }
    return plugin;
  }

  action(plugin: AnyPlugin, name: string, at: Span, report: Report): ActionContract | undefined {
    const action = actionOf(plugin, name);
    if (!action) reportMember(plugin.name, Object.keys(plugin.actions), name, 'action', at, report);
    return action;
  }

  trigger(plugin: AnyPlugin, name: string, at: Span, report: Report): TriggerContract | undefined {
    const trigger = triggerOf(plugin, name);
    if (!trigger) reportMember(plugin.name, Object.keys(plugin.triggers), name, 'trigger', at, report);
    return trigger;
  }

  /** Reports each capability that the plugin of a connection requires and that no connection of sluice.yaml provides. */
  requireCapabilities({ name, uses = {} }: AnyPlugin, at: Span, report: Report): void {
    if (!this.complete) return;
    for (const [capability, use] of Object.entries(uses) as [CapabilityName, string][]) {
      if (use !== 'required' || [...this.connections.values()].some((one) => this.#provides(one, capability))) continue;
      const { title, cure } = CAPABILITIES[capability];
      report.error(at, 'REF_CONNECTION', `${name} needs ${title}, and no connection provides one`, { do: cure });
    }
  }

  #provides({ plugin }: ConnectionDraft, capability: CapabilityName): boolean {
    return this.byName.get(plugin)?.provides?.[capability] !== undefined;
  }

  /** Checks the connection of a step or a trigger: it must be present exactly when it is needed, and belong to the plugin. */
  connection(plugin: AnyPlugin, given: ScalarNode | undefined, use: ScalarNode, needed: boolean, report: Report): void {
    const fitting = [...this.connections.values()]
      .filter((connection) => connection.plugin === plugin.name)
      .map(({ name }) => name);
    if (given === undefined) {
      if (!needed) return;
      const cure =
        fitting.length === 0
          ? { do: `add a connection with use: ${plugin.name} to sluice.yaml` }
          : { write: `connection: ${fitting[0]}` };
      report.error(use, 'REF_CONNECTION', `${String(use.value)} needs a connection`, cure);
      return;
    }
    const name = String(given.value);
    if (!needed) {
      report.error(given, 'REF_CONNECTION', `${String(use.value)} takes no connection`, { do: 'delete the line' });
      return;
    }
    // `readConnectionName` has reported an expression already.
    if (opensExpression(name)) return;
    const connection = this.connections.get(name);
    if (connection?.plugin === plugin.name) return;
    const near = nearest(name, fitting);
    const only = fitting.length === 1 ? fitting[0] : undefined;
    const listed: Cure = only === undefined ? { do: namesListed(`connections of ${plugin.name}`, fitting) } : { write: only };
    const cure = near === undefined ? listed : replacing(given, near);
    const message = connection
      ? `connection "${name}" is of ${connection.plugin}, not of ${plugin.name}`
      : `no connection is called "${name}"${lookAlikeNote(name)}`;
    report.error(given, 'REF_CONNECTION', message, cure);
  }
}

/** Returns the corrected name of the plugin together with the nearest name of its action or trigger. */
function withMember(plugin: AnyPlugin | undefined, member: string | undefined): string | undefined {
  if (!plugin || member === undefined) return undefined;
  return `${plugin.name}.${nearest(member, [...Object.keys(plugin.actions), ...Object.keys(plugin.triggers)]) ?? member}`;
}

function reportMember(
  plugin: string,
  names: readonly string[],
  name: string,
  kind: 'action' | 'trigger',
  at: Span,
  report: Report,
): void {
  const near = nearest(name, names);
  const cure =
    near === undefined ? { do: `${kind}s of ${plugin}: ${names.join(', ') || 'none'}` } : replacing(at, `${plugin}.${near}`);
  report.error(at, 'REF_ACTION', `${plugin} has no ${kind} "${name}"`, cure);
}
