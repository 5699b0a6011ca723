import { Engine, ROLES, type Observer, type Store } from '@sluice/engine';
import { compileWorkspace, formatFindings, parseWorkspaceFile, type Workspace } from '@sluice/flow';
import { type AnyPlugin, systemClock } from '@sluice/plugin-api';
import { MemoryPacer, type MemoryBroker } from '@sluice/memory';
import { FakeWorkspace, MemoryLog } from '@sluice/testing';

export type Plugins = ReadonlyMap<string, AnyPlugin>;

export const pluginsOf = (...plugins: readonly unknown[]): Plugins =>
  new Map((plugins as readonly AnyPlugin[]).map((one) => [one.name, one]));

/** Throws an error with the problems that lint reports. */
export function workspaceOf(text: string, flows: readonly string[], env: Record<string, string>, plugins: Plugins): Workspace {
  const { file, findings } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: Buffer.from(text) });
  if (!file) throw new Error(formatFindings(findings));
  const sources = flows.map((flow, at) => ({ file: `flows/${at}.yaml`, bytes: Buffer.from(flow) }));
  const compiled = compileWorkspace({ workspace: file, flows: sources, plugins, env });
  if (!compiled.workspace || compiled.findings.length > 0) throw new Error(formatFindings(compiled.findings));
  return compiled.workspace;
}

export interface HostParts {
  readonly workspace: Workspace;
  readonly plugins: Plugins;
  readonly broker: MemoryBroker;
  readonly store: Store;
  /** Folder for the events of live sources. */
  readonly spool: string;
  readonly hostId?: string;
}

/** Runs a workspace like a host, on backends in memory. Returns the function that stops it. */
export async function startHost({ workspace, plugins, broker, store, spool, hostId = 'host-1' }: HostParts) {
  const { listen, tokens, routes, meter, database } = new FakeWorkspace().host();
  const bus = broker.connect();
  const nothing = () => undefined;
  const observer: Observer = {
    accepted: nothing,
    unrouted: nothing,
    hop: nothing,
    unwanted: nothing,
    filtered: nothing,
    called: nothing,
    parked: nothing,
  };
  const engine = new Engine({
    workspace,
    plugins,
    compile: async () => ({ ok: false, findings: [] }),
    version: '0.0.0',
    bus,
    store,
    pacer: new MemoryPacer(),
    capabilities: { listen, tokens: () => tokens, routes, database: () => database, meter: () => meter, spool },
    observer,
    log: new MemoryLog(),
    clock: systemClock,
    hostId,
    roles: new Set(ROLES),
    mask: (text) => text,
  });
  await engine.start();
  return async () => {
    await engine.stop();
    await bus.close();
  };
}
