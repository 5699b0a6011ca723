import {
  engineFail,
  type Accept,
  type AnyHostTrigger,
  type AnyPlugin,
  type AnyTrigger,
  type Doors,
  type Log,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import type { Flow } from '@sluice/flow';
import { checkedBy } from './checked-by.js';
import { keepUsing, type Connections } from './connections.js';
import type { Door } from './door.js';
import { pause } from './lease.js';
import { messageOf } from './message-of.js';
import type { Store } from './ports/store.js';
import { underLease } from './under-lease.js';

const LISTEN_AGAIN_MS = 1_000;

export interface TriggersDeps {
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly connections: Connections;
  readonly door: Door;
  readonly doors: Doors;
  readonly store: Store;
  readonly hostId: string;
  readonly log: Log;
}

export interface TriggerRoles {
  /** Triggers that need no connection, such as HTTP endpoints. */
  readonly host: boolean;
  /** Triggers that listen to a source through a connection. */
  readonly source: boolean;
}

/** Runs the plugin trigger of a flow until the signal fires; resolves then. Does nothing for built-in triggers. */
export async function runTrigger(flow: Flow, roles: TriggerRoles, deps: TriggersDeps, signal: AbortSignal): Promise<void> {
  const { trigger } = flow;
  if (trigger.kind !== 'plugin') return;
  const spec = deps.plugins.get(trigger.plugin)?.triggers[trigger.trigger];
  if (!spec) throw engineFail.CONFIG_INVALID(`there is no trigger ${trigger.plugin}.${trigger.trigger}`);
  const accept = acceptFor(flow, spec, deps.door);
  if (isHostTrigger(spec)) return roles.host ? listen(flow, spec, accept, deps, signal) : undefined;
  if (!roles.source) return;
  const subscribe = (within: AbortSignal) =>
    keepUsing(deps.connections.get(trigger.plugin, trigger.connection), within, deps.log, (client, alive) =>
      spec.subscribe(client, trigger.options, accept, alive, flow.name),
    );
  if (!spec.exclusive) return subscribe(signal);
  return underLease(deps.store.leases, deps.hostId, `source.${flow.name}`, signal, subscribe);
}

function isHostTrigger(spec: AnyTrigger<unknown> | AnyHostTrigger): spec is AnyHostTrigger {
  return 'listen' in spec;
}

async function listen(flow: Flow, spec: AnyHostTrigger, accept: Accept, deps: TriggersDeps, signal: AbortSignal): Promise<void> {
  if (flow.trigger.kind !== 'plugin') return;
  while (!signal.aborted) {
    try {
      await spec.listen(deps.doors, flow.trigger.options, accept, signal);
    } catch (error) {
      deps.log.error(`${flow.name}: its trigger ended`, { error: messageOf(error) });
    }
    await pause(LISTEN_AGAIN_MS, signal);
  }
}

function acceptFor(flow: Flow, spec: AnyTrigger<unknown> | AnyHostTrigger, door: Door): Accept {
  const { trigger } = flow;
  if (trigger.kind !== 'plugin') throw engineFail.CONFIG_INVALID(`${flow.name} has no plugin's trigger`);
  const name = `${trigger.plugin}.${trigger.trigger}`;
  const source = `/connections/${trigger.connection ?? trigger.plugin}`;
  return async (event, options) => {
    const checked = checkedBy(spec.output as z.ZodType, event.data);
    if (!checked.ok)
      throw engineFail.OUTPUT_INVALID(`what ${name} gives does not fit its schema: ${checked.problems}`, { sent: 'no' });
    return door.hand(flow.name, { ...event, type: event.type ?? name, source: event.source ?? source }, options?.reply);
  };
}
