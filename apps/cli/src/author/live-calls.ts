import { Connections } from '@sluice/engine';
import type { CallTarget, WatchedCall } from '@sluice/flow-test';
import type { UseStep, Workspace } from '@sluice/flow';
import { engineFail, isSluiceError, systemClock, type AnyAction, type AnyPlugin, type Call } from '@sluice/plugin-api';
import type { z } from 'zod';
import { servicesWithoutHost } from '../admin/check-connections.js';
import { UsageError } from '../exit.js';
import { silent } from '../terminal/print.js';

/** Maximum real time of one call, in milliseconds. */
const MAX_CALL_MS = 60_000;

/** The steps whose calls are really made, with the plugins and connections for them. */
export interface LiveCallsInput {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  /** Ids of the steps whose calls are made. */
  readonly steps: ReadonlySet<string>;
  readonly mask: (text: string) => string;
}

/** Makes the calls of some steps through their plugins, once each: the engine of a dry run must not repeat them without a pause. */
export class LiveCalls {
  readonly #connections: Connections;
  readonly #stopped = new AbortController();
  /** By id: a further attempt has the result of the first one. */
  readonly #made = new Map<string, Promise<unknown>>();
  /** The call that the host would repeat later, which ends the dry run. */
  unfinished: { readonly id: string; readonly message: string } | undefined;

  constructor(private readonly input: LiveCallsInput) {
    const { workspace, plugins, mask } = input;
    const { timezone } = workspace.settings;
    this.#connections = new Connections(workspace.connections.values(), plugins, {
      log: silent,
      clock: systemClock,
      mask,
      ...(timezone !== undefined && { timezone }),
      services: () => servicesWithoutHost(() => undefined),
    });
  }

  /** Fires when a real call has failed in a way after which the host would repeat it. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Returns the result of the real call; undefined when the step is not one of those that are really called. */
  call({ id, target, input }: WatchedCall & { readonly target: CallTarget }, of: Call): Promise<unknown> | undefined {
    const [, step = ''] = id.split('/');
    if (!this.input.steps.has(step)) return undefined;
    const made = this.#made.get(id) ?? this.#make(id, target, input, of);
    this.#made.set(id, made);
    return made;
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #make(id: string, target: CallTarget, input: unknown, of: Call): Promise<unknown> {
    const { plugin, action: name } = target;
    const isNamed = this.input.workspace.connections.has(target.connection);
    const connection = this.#connections.get(plugin, isNamed ? target.connection : undefined);
    const action = connection.plugin.actions[name] as AnyAction<unknown>;
    const signal = AbortSignal.any([of.signal, AbortSignal.timeout(MAX_CALL_MS)]);
    try {
      const client = await connection.client();
      const { suspend: _suspend, ...call } = of;
      // the deadline of the run is a virtual time
      const output: unknown = await action.run(client, input, { ...call, signal, deadline: new Date(Date.now() + MAX_CALL_MS) });
      const checked = (action.output as z.ZodType).safeParse(output);
      if (checked.success) return checked.data;
      throw engineFail.OUTPUT_INVALID(`the output of ${plugin}.${name} does not fit its schema: ${checked.error.message}`, {
        sent: 'yes',
      });
    } catch (thrown) {
      const error = connection.mask(thrown);
      const isFinal = isSluiceError(error) && (error.fate === 'rejected' || error.fate === 'fatal');
      if (!isFinal) {
        this.unfinished ??= { id, message: error instanceof Error ? error.message : String(error) };
        this.#stopped.abort();
      }
      throw error;
    }
  }
}

/**
 * Returns the warning about the calls that will really be made, one line for each step.
 *
 * @throws UsageError for a step that needs a running host
 */
export function describeLive(steps: readonly UseStep[], { workspace, plugins, mask }: Omit<LiveCallsInput, 'steps'>): string[] {
  return steps.map(({ id, plugin: name, action, connection }) => {
    const plugin = plugins.get(name);
    if (plugin?.serves || Object.values(plugin?.uses ?? {}).includes('required'))
      throw new UsageError(`--live ${id}: ${name} needs a running host, so it cannot be called from here: use --mock ${id}=JSON`);
    const on = connection?.constant ? (connection.text({} as never) as string) : undefined;
    const spec = on === undefined ? undefined : workspace.connections.get(on);
    const address = spec && plugin?.address?.(spec.config);
    const where = connection === undefined ? '' : ` on ${on ?? 'a connection that the run chooses'}`;
    return mask(`${id}: ${name}.${action}${where}${address === undefined ? '' : ` (${address})`}`);
  });
}
