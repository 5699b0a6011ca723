import { expect } from '@jest/globals';
import {
  isSluiceError,
  type ActionSpec,
  type AnyAction,
  type Closable,
  type PluginSpec,
  type SluiceError,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import { until } from '../conformance/inbox.js';
import type { FakeWorkspace } from './fake-services.js';
import { openPlugin, type OpenedPlugin } from './open-plugin.js';
import { able, expectStrict } from './peer.js';
import { describePromises, type Promises, type Waivers } from './promises.js';
import { secretsIn, visibleText } from './secrets.js';
import { START_MS, STEP_MS, within } from './within.js';

const RUN_MS = 30_000;

/** The remote system of a connector, started for each test. A promise that needs a missing optional method has to be waived. */
export interface ActionPeer {
  /** The value of `connections.<name>.with` that leads to the peer, with every secret filled in. */
  readonly connection: unknown;
  /** The workspace of the host, for a plugin that needs a database. */
  readonly workspace?: FakeWorkspace;
  /** Makes the peer receive the next call without answering. Resolves when that call has arrived. */
  readonly hang?: () => Promise<void>;
  /** Makes the peer cut the connection of the next call. */
  readonly lose?: () => void | Promise<void>;
  /** Makes the peer answer the next call with an overload. */
  readonly overload?: () => void | Promise<void>;
  /** Returns the ids that the peer has received with calls so far. */
  readonly ids?: () => readonly string[] | Promise<readonly string[]>;
  /** Returns the number of open connections. */
  readonly connections?: () => number;
  /** Stops the peer. */
  readonly close: () => Promise<void>;
}

/** Options of {@link actionContract}. */
export interface ActionContract<Input> {
  /** Starts a peer. */
  readonly peer: () => Promise<ActionPeer>;
  /** A `with` to which the peer answers successfully. */
  readonly input: Input;
  /** Maximum duration of a call in milliseconds; has to be longer than the timeouts of the connection. Default: 30 s. */
  readonly waitMs?: number;
  /** Promises that the connector cannot keep, by title, with the reason. */
  readonly waive?: Waivers;
}

interface Stage {
  readonly peer: ActionPeer;
  readonly opened: OpenedPlugin<Closable, Record<string, AnyAction<never>>>;
  readonly run: (signal?: AbortSignal, id?: string) => Promise<unknown>;
  /** Runs the action and resolves with its failure; rejects if it succeeds. */
  readonly failure: (signal?: AbortSignal) => Promise<SluiceError>;
}

/**
 * Registers the tests that every action must pass, whatever its remote system is. A waived promise has to be broken: a waiver that is no
 * longer needed fails.
 *
 * @param plugin the plugin.
 * @param name the name of the action.
 * @param contract the peer and an input.
 */
export function actionContract<
  Connection extends z.ZodType,
  Client extends Closable,
  Triggers,
  Actions extends Record<string, AnyAction<never>>,
  Name extends keyof Actions & string,
>(
  plugin: PluginSpec<Connection, Client, Triggers, Actions>,
  name: Name,
  contract: ActionContract<z.input<Actions[Name]['input']>>,
): void {
  const spec = plugin.actions[name] as ActionSpec<Client, z.ZodType, z.ZodType>;
  const onStage = (act: (stage: Stage) => Promise<void>) => () => play(plugin, name, contract, act);

  const promises: Record<string, () => Promise<void>> = {
    'refuses a `with` with an unknown key': async () => {
      expectStrict(spec.input, contract.input);
    },
    'returns output that matches its schema': onStage(async ({ run }) => {
      await run(); // openPlugin validates the output
    }),
    'stops waiting when the signal fires': onStage(async ({ peer, failure }) => {
      const giveUp = new AbortController();
      const taken = able(peer, 'hang')();
      const failed = failure(giveUp.signal);
      // reported below, where it is awaited
      failed.catch(() => undefined);
      await within('peer.hang() did not resolve: no call came', Promise.race([taken, failed]));
      giveUp.abort();
      expect((await failed).fate).toBe('retry');
    }),
    'reports sent: unknown when the connection is lost during the call': onStage(async ({ peer, failure }) => {
      await within('peer.lose() did not resolve', able(peer, 'lose')());
      const { fate, options } = await failure();
      expect([fate, options.sent ?? 'unknown']).toEqual([expect.stringMatching(/^(retry|unavailable)$/), 'unknown']);
    }),
    'reports sent: no when the remote system is not reachable': onStage(async ({ peer, failure }) => {
      await within('peer.close() did not resolve', peer.close());
      expect(await failure()).toMatchObject({ fate: 'unavailable', options: { sent: 'no' } });
    }),
    'reports an overload with the fate overload': onStage(async ({ peer, failure }) => {
      await within('peer.overload() did not resolve', able(peer, 'overload')());
      expect((await failure()).fate).toBe('overload');
    }),
    'closes its connections': onStage(async ({ peer, opened, run }) => {
      const connections = able(peer, 'connections');
      await run();
      await within('the client did not close', opened.close());
      await until('peer.connections() to become 0', () => connections() === 0, STEP_MS);
    }),
    ...(isByKey(spec, contract.input) && {
      'sends the id of the call': onStage(async ({ peer, run }) => {
        const ids = able(peer, 'ids');
        await run(undefined, 'run-1/step');
        expect(await within('peer.ids() did not resolve', ids())).toContain('run-1/step');
      }),
    }),
    'shows no secret in its errors and its log': onStage(async ({ peer, opened, failure }) => {
      const secrets = secretsIn(plugin.connection, peer.connection);
      const errors: unknown[] = [];
      for (const trouble of ['overload', 'lose', 'close'] as const) {
        const begin = peer[trouble];
        if (!begin) continue;
        await within(`peer.${trouble}() did not resolve`, begin());
        errors.push(await failure());
      }
      const text = visibleText(errors, opened.host.log.lines);
      expect(secrets).not.toEqual([]);
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }),
  };
  describePromises(`${plugin.name}.${name} keeps the contract of actions:`, promises satisfies Promises, contract.waive);
}

async function play<
  Connection extends z.ZodType,
  Client extends Closable,
  Triggers,
  Actions extends Record<string, AnyAction<never>>,
>(
  plugin: PluginSpec<Connection, Client, Triggers, Actions>,
  name: string,
  contract: ActionContract<unknown>,
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  const peer = await within('the peer did not start', contract.peer(), START_MS);
  const { workspace } = peer;
  const opening = openPlugin(plugin, peer.connection as z.input<Connection>, workspace && { workspace });
  const opened: Stage['opened'] = await within('the plugin did not open its client at the peer', opening, START_MS);
  const run = async (signal?: AbortSignal, id?: string) => {
    const calling = opened.actions[name]?.(contract.input, { ...(signal && { signal }), ...(id && { id }) });
    const output: unknown = await within(
      `${name} neither returned nor threw`,
      calling as Promise<unknown>,
      contract.waitMs ?? RUN_MS,
    );
    return output;
  };
  const failure = async (signal?: AbortSignal) => {
    const error: unknown = await run(signal).then(
      () => new Error(`${name} succeeded, but was expected to fail`),
      (failed: unknown) => failed,
    );
    if (!isSluiceError(error)) throw error;
    return error;
  };
  try {
    await act({ peer, opened, run, failure });
  } finally {
    await within('the client did not close', opened.close()).catch(() => undefined);
    await within('peer.close() did not resolve', peer.close()).catch(() => undefined);
  }
}

function isByKey<Client>(spec: ActionSpec<Client, z.ZodType, z.ZodType>, input: unknown): boolean {
  const idempotent = typeof spec.idempotent === 'function' ? spec.idempotent(spec.input.parse(input)) : spec.idempotent;
  return idempotent === 'by-key';
}
