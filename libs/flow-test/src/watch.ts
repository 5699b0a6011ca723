import type { StepReport } from '@sluice/engine';
import type { VirtualClock } from '@sluice/memory';
import type { AnyAction, AnyPlugin, Call, EventAttributes } from '@sluice/plugin-api';

/** The place of a call: the action of a plugin, on a connection. */
export interface CallTarget {
  readonly plugin: string;
  readonly action: string;
  /** Name of the connection; the name of the plugin when it needs no connection. */
  readonly connection: string;
}

/** One attempt of a call. Without a target: a `call` step whose flow a mock replaces. */
export interface WatchedCall {
  /** `<run>/<path of the step>`. */
  readonly id: string;
  readonly target?: CallTarget;
  readonly input: unknown;
}

/** The end of an attempt. */
export type WatchedAnswer = { readonly output: unknown } | { readonly error: unknown };

/** Receives what happens in a run. The times are virtual, in milliseconds since 1970. */
export interface RunWatch {
  /** Receives the id of the run and its event before the event is delivered. */
  readonly accepted?: (run: string, event: EventAttributes, at: number) => void;
  /** Receives each change of each step, those of called flows included. */
  readonly step?: (report: StepReport, at: number) => void;
  readonly called?: (call: WatchedCall, at: number) => void;
  readonly answered?: (call: WatchedCall, answer: WatchedAnswer, at: number) => void;
  /** Makes the real call in place of the mock; returns undefined when the mock answers the call. Virtual time stands still until it has ended. */
  readonly live?: (call: WatchedCall & { readonly target: CallTarget }, of: Call) => Promise<unknown> | undefined;
  /** Ends the observation before the run has ended. */
  readonly signal?: AbortSignal;
}

/** Returns the mocked plugin with actions that report their calls, and that make the real call where `watch.live` does. */
export function watchedPlugin(plugin: AnyPlugin, watch: RunWatch, clock: VirtualClock): AnyPlugin {
  const names = new WeakMap<object, string>();
  const actions = Object.entries(plugin.actions).map(([name, action]): [string, AnyAction<object>] => [
    name,
    {
      ...action,
      run: (client, input, call) => {
        const target = { plugin: plugin.name, action: name, connection: names.get(client) ?? plugin.name };
        const watched = { id: call.id, target, input: input as unknown };
        return watchedCall(watched, watch, clock, () => {
          const live = watch.live?.(watched, call);
          return live ? clock.hold(live) : (action.run(client, input, call) as Promise<unknown>);
        });
      },
    },
  ]);
  return {
    ...plugin,
    open: async (config, host) => {
      const client = (await plugin.open(config, host)) as object;
      names.set(client, host.connection);
      return client;
    },
    actions: Object.fromEntries(actions),
  };
}

/** Makes a call and reports its begin and its end. */
export async function watchedCall(
  call: WatchedCall,
  watch: RunWatch,
  clock: VirtualClock,
  make: () => Promise<unknown>,
): Promise<unknown> {
  watch.called?.(call, clock.now());
  try {
    const output = await make();
    watch.answered?.(call, { output }, clock.now());
    return output;
  } catch (error) {
    watch.answered?.(call, { error }, clock.now());
    throw error;
  }
}
