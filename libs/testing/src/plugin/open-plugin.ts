import { randomUUID } from 'node:crypto';
import {
  engineFail,
  type ActionSpec,
  type AnyAction,
  type Call,
  type Closable,
  type NewEvent,
  type PluginSpec,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import { FakeHost } from './fake-host.js';
import type { FakeWorkspace } from './fake-services.js';

/** An event that an action passed to `call.emit`. */
export type EmittedEvent = NewEvent & { readonly type: string };

/** Options of {@link openPlugin}. */
export interface OpenOptions {
  /** The plugin's clock. */
  readonly now?: () => Date;
  readonly timezone?: string;
  /** The workspace of the host. Hosts of one workspace can send messages to each other. */
  readonly workspace?: FakeWorkspace;
}

/** Actions by name, as a flow calls them: the input is the value of `with`. */
type Callable<Actions extends Record<string, AnyAction<never>>> = {
  readonly [Name in keyof Actions]: (
    input: z.input<Actions[Name]['input']>,
    call?: Partial<Call>,
  ) => Promise<z.output<Actions[Name]['output']>>;
};

/** A plugin with an open connection. */
export interface OpenedPlugin<Client, Actions extends Record<string, AnyAction<never>>> {
  readonly client: Client;
  readonly host: FakeHost;
  /** Validates the input, runs the action and validates its output, as the engine does, without pace and retries. */
  readonly actions: Callable<Actions>;
  readonly emitted: readonly EmittedEvent[];
  /** Fires the host's signal and closes the client. */
  close(): Promise<void>;
}

/**
 * Opens one connection of a plugin, without an engine.
 *
 * @param connection the value of `connections.<name>.with`.
 * @throws when the value does not match the plugin's schema.
 */
export async function openPlugin<
  Connection extends z.ZodType,
  Client extends Closable,
  Triggers,
  Actions extends Record<string, AnyAction<never>>,
>(
  plugin: PluginSpec<Connection, Client, Triggers, Actions>,
  connection: z.input<Connection>,
  options: OpenOptions = {},
): Promise<OpenedPlugin<Client, Actions>> {
  const host = new FakeHost(
    'test',
    options.now ?? (() => new Date()),
    options.timezone ?? 'Europe/Moscow',
    options.workspace?.host(),
  );
  const client = await plugin.open(plugin.connection.parse(connection), host);
  const emitted: EmittedEvent[] = [];
  const run = (name: string, spec: ActionSpec<Client, z.ZodType, z.ZodType>) => (input: unknown, call?: Partial<Call>) =>
    runAction(name, spec, client, input, { ...newCall(host, emitted), ...call });
  const actions = Object.fromEntries(
    Object.entries<ActionSpec<Client, z.ZodType, z.ZodType>>(plugin.actions).map(([name, spec]) => [name, run(name, spec)]),
  );
  return {
    client,
    host,
    actions: actions as Callable<Actions>,
    emitted,
    async close() {
      host.close();
      await client.close();
    },
  };
}

async function runAction<Client>(
  name: string,
  spec: ActionSpec<Client, z.ZodType, z.ZodType>,
  client: Client,
  input: unknown,
  call: Call,
): Promise<unknown> {
  const parsed = spec.input.safeParse(input);
  if (!parsed.success) throw engineFail.INPUT_INVALID(`${name}: ${parsed.error.message}`, { sent: 'no' });
  const output = spec.output.safeParse(await spec.run(client, parsed.data, call));
  if (!output.success) throw engineFail.OUTPUT_INVALID(`${name}: ${output.error.message}`, { sent: 'yes' });
  return output.data;
}

function newCall(host: FakeHost, emitted: EmittedEvent[]): Call {
  return {
    id: `${randomUUID()}/step`,
    attempt: 1,
    deadline: new Date(Date.now() + 60_000),
    signal: new AbortController().signal,
    log: host.log,
    correlationid: randomUUID(),
    emit: (event) => emitted.push(event),
  };
}
