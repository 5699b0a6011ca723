import {
  engineFail,
  type Accept,
  type Accepted,
  type AnyHostTrigger,
  type AnyPlugin,
  type AnyTrigger,
  type RouteRegistrar,
  pause,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import type { Flow } from '@sluice/flow';
import { validate } from '../validate.js';
import type { Connections } from '../calls/connections.js';
import { withReconnect } from '../calls/reconnect.js';
import type { EventIngress, SourceEvent } from './event-ingress.js';
import { messageOf } from '../message-of.js';
import type { Spool } from './live-sources/spool.js';
import { acceptInto, type Spools } from './live-sources/spools.js';
import { TriggerFilter, type TriggerFilterDeps } from './trigger-filter.js';
import { runSchedule, type ScheduleDeps } from './schedule.js';
import { underLease } from '../coordination/under-lease.js';

const LISTEN_AGAIN_MS = 1_000;
const SPOOL_AGAIN_MS = 5_000;

export interface TriggersDeps extends TriggerFilterDeps, ScheduleDeps {
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly connections: Connections;
  readonly ingress: EventIngress;
  readonly routes: RouteRegistrar;
  /** For sources that cannot wait for the broker. */
  readonly spools: Spools | undefined;
}

export interface TriggerRoles {
  /** Run triggers without a connection, such as HTTP endpoints. */
  readonly host: boolean;
  /** Run triggers that listen to a source through a connection. */
  readonly source: boolean;
  /** Fire schedules. */
  readonly schedule: boolean;
}

/** Runs the trigger of a flow and resolves after the signal. Triggers of the kinds `event` and `flow` need no work. */
export async function runTrigger(flow: Flow, roles: TriggerRoles, deps: TriggersDeps, signal: AbortSignal): Promise<void> {
  const { trigger } = flow;
  const { ingress } = deps;
  const filter = TriggerFilter.of(flow, deps);
  if (trigger.kind === 'schedule' && roles.schedule)
    return runSchedule(flow, trigger, (event) => ingress.hand(flow.name, event, undefined, filter), deps, signal);
  if (trigger.kind !== 'plugin') return;
  const spec = deps.plugins.get(trigger.plugin)?.triggers[trigger.trigger];
  if (!spec) throw engineFail.CONFIG_INVALID(`there is no trigger ${trigger.plugin}.${trigger.trigger}`);
  const accept = acceptFor(flow, spec, (event, reply) => ingress.hand(flow.name, event, reply, filter));
  if (isHostTrigger(spec)) return roles.host ? listen(flow, spec, accept, deps, signal) : undefined;
  if (!roles.source) return;
  if (spec.source !== 'live' || !deps.spools) return listenToSource(flow, spec, accept, deps, signal);
  return throughSpool(flow, spec, deps.spools, deps, signal);
}

async function listenToSource(
  flow: Flow,
  spec: AnyTrigger<unknown>,
  accept: Accept,
  deps: TriggersDeps,
  signal: AbortSignal,
): Promise<void> {
  const { trigger } = flow;
  if (trigger.kind !== 'plugin') return;
  const subscribe = (within: AbortSignal) =>
    withReconnect(deps.connections.get(trigger.plugin, trigger.connection), within, deps.log, (client, alive) =>
      spec.subscribe(client, trigger.options, accept, alive, flow.name),
    );
  if (!spec.exclusive) return subscribe(signal);
  return underLease(deps.store.leases, deps.hostId, `source.${flow.name}`, deps.clock, signal, subscribe);
}

/** The spool is open on every host, not only on the one that listens, so that events of an earlier process are published. */
async function throughSpool(
  flow: Flow,
  spec: AnyTrigger<unknown>,
  spools: Spools,
  deps: TriggersDeps,
  signal: AbortSignal,
): Promise<void> {
  const spool = await openSpool(flow, spools, deps, signal);
  if (!spool) return;
  try {
    const accept = acceptFor(flow, spec, (event) => acceptInto(spool, event, deps.clock, TriggerFilter.of(flow, deps)));
    await listenToSource(flow, spec, accept, deps, signal);
  } finally {
    await spool.close();
  }
}

/** Tries until the folder can be used: listening without it would lose events. Returns undefined when the signal fires first. */
async function openSpool(
  flow: Flow,
  spools: Spools,
  { log, clock }: TriggersDeps,
  signal: AbortSignal,
): Promise<Spool | undefined> {
  while (!signal.aborted) {
    try {
      return await spools.open(flow.name, connectionOf(flow));
    } catch (error) {
      log.error(`${flow.name}: its spool cannot be opened, so it does not listen: check SLUICE_HOME`, {
        reason: messageOf(error),
      });
    }
    await pause(clock, SPOOL_AGAIN_MS, signal);
  }
  return undefined;
}

function isHostTrigger(spec: AnyTrigger<unknown> | AnyHostTrigger): spec is AnyHostTrigger {
  return 'listen' in spec;
}

async function listen(flow: Flow, spec: AnyHostTrigger, accept: Accept, deps: TriggersDeps, signal: AbortSignal): Promise<void> {
  if (flow.trigger.kind !== 'plugin') return;
  while (!signal.aborted) {
    try {
      await spec.listen(deps.routes, flow.trigger.options, accept, signal, deps.clock);
    } catch (error) {
      deps.log.error(`${flow.name}: its trigger ended`, { error: messageOf(error) });
    }
    await pause(deps.clock, LISTEN_AGAIN_MS, signal);
  }
}

/** Returns the `accept` of a trigger: it validates the event of the plugin, adds the missing attributes, and passes it on. */
function acceptFor(
  flow: Flow,
  spec: AnyTrigger<unknown> | AnyHostTrigger,
  hand: (event: SourceEvent, reply?: { readonly withinMs: number }) => Promise<Accepted>,
): Accept {
  const { trigger } = flow;
  if (trigger.kind !== 'plugin') throw engineFail.CONFIG_INVALID(`${flow.name} has no plugin's trigger`);
  const name = `${trigger.plugin}.${trigger.trigger}`;
  const source = `/connections/${connectionOf(flow)}`;
  return async (event, options) => {
    const checked = validate(spec.output as z.ZodType, event.data);
    if (!checked.ok)
      throw engineFail.OUTPUT_INVALID(`the event of ${name} does not fit its schema: ${checked.problems}`, { sent: 'no' });
    return hand({ ...event, type: event.type ?? name, source: event.source ?? source }, options?.reply);
  };
}

function connectionOf({ trigger }: Flow): string {
  return trigger.kind === 'plugin' ? (trigger.connection ?? trigger.plugin) : '';
}
