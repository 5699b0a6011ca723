import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '@jest/globals';
import {
  engineFail,
  type Accept,
  type AnyAction,
  type AnyHostTrigger,
  type AnyTrigger,
  type Closable,
  type NewEvent,
  type PluginSpec,
  type TriggerSpec,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import { until } from '../conformance/inbox.js';
import type { FakeWorkspace } from './fake-services.js';
import { openPlugin } from './open-plugin.js';
import { able, expectStrict } from './peer.js';
import { describePromises, type Promises, type Waivers } from './promises.js';
import { START_MS, STEP_MS, within } from './within.js';

const AGAIN_MS = 10;
const EVENT = 'the event that peer.produce() offered';

/** The source of a trigger, started for each test. A promise that needs a missing optional method has to be waived. */
export interface TriggerPeer {
  /** The value of `connections.<name>.with` that leads to the peer. */
  readonly connection: unknown;
  /** The workspace of the host, for a plugin that needs a database. */
  readonly workspace?: FakeWorkspace;
  /** Offers one more event. */
  readonly produce: () => void | Promise<void>;
  /** Returns how many events were acknowledged. */
  readonly acknowledged?: () => number | Promise<number>;
  /** Cuts the connection. */
  readonly lose?: () => void | Promise<void>;
  /** Stops the peer. */
  readonly close: () => Promise<void>;
}

/** Options of {@link triggerContract}. */
export interface TriggerContract<Options> {
  /** Starts a peer. */
  readonly peer: () => Promise<TriggerPeer>;
  /** A valid `trigger.with`. */
  readonly options: Options;
  /** Maximum duration of each step in milliseconds; has to be longer than the interval of a polled source. Default: 5 s. */
  readonly waitMs?: number;
  /** Promises that the connector cannot keep, by title, with the reason. */
  readonly waive?: Waivers;
}

interface Stage {
  readonly peer: TriggerPeer;
  readonly accepted: NewEvent[];
  /** Subscribes; settles when the subscription ends. */
  readonly subscribe: (accept?: Accept) => Promise<void>;
  readonly stop: () => void;
  /** Fires at `stop`, and at the end of the test. */
  readonly ended: AbortSignal;
}

/**
 * Registers the tests that every trigger with a connection must pass, whatever its source is. A waived promise has to be broken: a waiver
 * that is no longer needed fails.
 *
 * @param plugin the plugin.
 * @param name the name of the trigger.
 * @param contract the peer and the options.
 */
export function triggerContract<
  Connection extends z.ZodType,
  Client extends Closable,
  Triggers extends Record<string, AnyTrigger<never> | AnyHostTrigger>,
  Actions extends Record<string, AnyAction<never>>,
  Name extends keyof Triggers & string,
>(
  plugin: PluginSpec<Connection, Client, Triggers, Actions>,
  name: Name,
  contract: TriggerContract<z.input<Triggers[Name]['options']>>,
): void {
  const stepMs = contract.waitMs ?? STEP_MS;
  const spec = plugin.triggers[name] as TriggerSpec<Client, z.ZodType, z.ZodType>;

  const onStage = (act: (stage: Stage) => Promise<void>) => async () => {
    const peer = await within('the peer did not start', contract.peer(), START_MS);
    const { workspace } = peer;
    const opening = openPlugin(plugin, peer.connection as z.input<Connection>, workspace && { workspace });
    const opened = await within('the plugin did not open its client at the peer', opening, START_MS);
    const ending = new AbortController();
    const accepted: NewEvent[] = [];
    const keep: Accept = async (event) => {
      accepted.push(event);
      return { id: event.id ?? `event-${accepted.length}` };
    };
    const options = spec.options.parse(contract.options);
    const running: Promise<unknown>[] = [];
    const subscribe = (accept = keep) => {
      const subscription = spec.subscribe(opened.client, options, accept, ending.signal, 'flow-of-the-test');
      running.push(subscription.catch(() => undefined));
      return subscription;
    };
    try {
      await act({ peer, accepted, subscribe, stop: () => ending.abort(), ended: ending.signal });
    } finally {
      ending.abort();
      await within('the client did not close', opened.close(), stepMs).catch(() => undefined);
      await within('peer.close() did not resolve', peer.close(), stepMs).catch(() => undefined);
      await within('the subscription did not end after its signal fired', Promise.all(running), stepMs);
    }
  };

  const promises: Record<string, () => Promise<void>> = {
    'refuses options with an unknown key': async () => {
      expectStrict(spec.options, contract.options);
    },
    'passes events that match its schema': onStage(async ({ peer, accepted, subscribe }) => {
      void subscribe().catch(() => undefined);
      await within('peer.produce() did not resolve', peer.produce(), stepMs);
      await until(EVENT, () => accepted.length > 0, stepMs);
      expect(spec.output.safeParse(accepted[0]?.data)).toMatchObject({ success: true });
    }),
    'ends without an error when the signal fires': onStage(async ({ peer, accepted, subscribe, stop }) => {
      const subscription = subscribe();
      await within('peer.produce() did not resolve', peer.produce(), stepMs);
      await until(EVENT, () => accepted.length > 0, stepMs);
      stop();
      await within('the subscription did not end after its signal fired', subscription, stepMs);
    }),
    'ends when the source is lost': onStage(async ({ peer, accepted, subscribe }) => {
      const lose = able(peer, 'lose');
      const subscription = subscribe().then(
        () => 'ended',
        () => 'ended',
      );
      await within('peer.produce() did not resolve', peer.produce(), stepMs);
      await until(EVENT, () => accepted.length > 0, stepMs);
      await within('peer.lose() did not resolve', lose(), stepMs);
      expect(await within('the subscription did not end after peer.lose()', subscription, stepMs)).toBe('ended');
    }),
    ...(spec.source !== 'live' && {
      'acknowledges only accepted events': onStage(async ({ peer, subscribe }) => {
        const acknowledged = able(peer, 'acknowledged');
        let confirm: (() => void) | undefined;
        const slow: Accept = (event) => new Promise((resolve) => (confirm = () => resolve({ id: event.id ?? 'event-1' })));
        void subscribe(slow).catch(() => undefined);
        await within('peer.produce() did not resolve', peer.produce(), stepMs);
        await until(EVENT, () => confirm !== undefined, stepMs);
        const asked = () => within('peer.acknowledged() did not resolve', acknowledged(), stepMs);
        expect(await asked()).toBe(0);
        confirm?.();
        await until('peer.acknowledged() to become 1', async () => (await asked()) === 1, stepMs);
      }),
      'offers an event that was not accepted again, under the same id': onStage(
        async ({ peer, accepted, subscribe, stop, ended }) => {
          const offered: (string | undefined)[] = [];
          const refuseOnce: Accept = async (event) => {
            offered.push(event.id);
            if (offered.length === 1) throw engineFail.BUS_UNAVAILABLE('the test refuses the first');
            accepted.push(event);
            return { id: event.id ?? 'event-1' };
          };
          await within('peer.produce() did not resolve', peer.produce(), stepMs);
          const subscribing = againAndAgain(
            () => subscribe(refuseOnce),
            () => accepted.length > 0,
            ended,
          );
          await until(EVENT, () => offered.length > 0, stepMs);
          await until('the same event a second time, after the first was refused', () => accepted.length > 0, stepMs);
          stop();
          await within('the subscription did not end after its signal fired', subscribing, stepMs);
          expect(offered).toEqual([expect.any(String), offered[0]]);
        },
      ),
    }),
  };
  describePromises(`${plugin.name}.${name} keeps the contract of triggers:`, promises satisfies Promises, contract.waive);
}

/** Subscribes again each time the subscription ends, as the engine does for a lost source, until `enough` or the end of the test. */
async function againAndAgain(subscribe: () => Promise<void>, enough: () => boolean, ended: AbortSignal): Promise<void> {
  while (!enough() && !ended.aborted) {
    await subscribe().catch(() => undefined);
    // the pause lets timers fire even if the subscription fails at once
    await pause(AGAIN_MS);
  }
}
