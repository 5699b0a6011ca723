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

/** The source of a trigger, started anew for each test. What it cannot play has to be waived. */
export interface TriggerPeer {
  /** What stands in `connections.<name>.with` to reach it. */
  readonly connection: unknown;
  /** Where the host belongs, for a plugin that needs a database. */
  readonly workspace?: FakeWorkspace;
  /** Offers one more event. */
  readonly produce: () => void | Promise<void>;
  /** How many events it was told to forget. */
  readonly acknowledged?: () => number | Promise<number>;
  /** Cuts the connection. */
  readonly lose?: () => void | Promise<void>;
  readonly close: () => Promise<void>;
}

export interface TriggerContract<Options> {
  readonly peer: () => Promise<TriggerPeer>;
  readonly options: Options;
  readonly waive?: Waivers;
}

interface Stage {
  readonly peer: TriggerPeer;
  readonly accepted: NewEvent[];
  /** Subscribes; resolves or rejects when the subscription ends. */
  readonly subscribe: (accept?: Accept) => Promise<void>;
  readonly stop: () => void;
}

/** What every trigger with a connection must do, whatever it listens to. */
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
  const spec = plugin.triggers[name] as TriggerSpec<Client, z.ZodType, z.ZodType>;

  const onStage = (act: (stage: Stage) => Promise<void>) => async () => {
    const peer = await contract.peer();
    const { workspace } = peer;
    const opened = await openPlugin(plugin, peer.connection as z.input<Connection>, workspace && { workspace });
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
      await act({ peer, accepted, subscribe, stop: () => ending.abort() });
    } finally {
      ending.abort();
      await opened.close().catch(() => undefined);
      await peer.close().catch(() => undefined);
      await Promise.all(running);
    }
  };

  const promises: Record<string, () => Promise<void>> = {
    'refuses options with a key that it does not know': async () => {
      expectStrict(spec.options, contract.options);
    },
    'hands over what its output schema promises': onStage(async ({ peer, accepted, subscribe }) => {
      void subscribe().catch(() => undefined);
      await peer.produce();
      await until('an event', () => accepted.length > 0, 5_000);
      expect(spec.output.safeParse(accepted[0]?.data)).toMatchObject({ success: true });
    }),
    'ends quietly when the signal fires': onStage(async ({ peer, accepted, subscribe, stop }) => {
      const subscription = subscribe();
      await peer.produce();
      await until('an event', () => accepted.length > 0, 5_000);
      stop();
      await subscription;
    }),
    'ends when the source is lost': onStage(async ({ peer, accepted, subscribe }) => {
      const lose = able(peer, 'lose');
      const subscription = subscribe().then(
        () => 'ended',
        () => 'ended',
      );
      await peer.produce();
      await until('an event', () => accepted.length > 0, 5_000);
      await lose();
      expect(await subscription).toBe('ended');
    }),
    ...(spec.source !== 'live' && {
      'acknowledges only what was accepted': onStage(async ({ peer, subscribe }) => {
        const acknowledged = able(peer, 'acknowledged');
        let confirm: (() => void) | undefined;
        const slow: Accept = (event) => new Promise((resolve) => (confirm = () => resolve({ id: event.id ?? 'event-1' })));
        void subscribe(slow).catch(() => undefined);
        await peer.produce();
        await until('an event', () => confirm !== undefined, 5_000);
        expect(await acknowledged()).toBe(0);
        confirm?.();
        await until('the acknowledgement', async () => (await acknowledged()) === 1, 5_000);
      }),
      'offers again, under the same id, what was not accepted': onStage(async ({ peer, accepted, subscribe, stop }) => {
        const offered: (string | undefined)[] = [];
        const refuseOnce: Accept = async (event) => {
          offered.push(event.id);
          if (offered.length === 1) throw engineFail.BUS_UNAVAILABLE('the test refuses the first');
          accepted.push(event);
          return { id: event.id ?? 'event-1' };
        };
        await peer.produce();
        const subscribing = againAndAgain(
          () => subscribe(refuseOnce),
          () => accepted.length > 0,
        );
        await until('the event a second time', () => accepted.length > 0, 5_000);
        stop();
        await subscribing;
        expect(offered).toEqual([expect.any(String), offered[0]]);
      }),
    }),
  };
  describePromises(`${plugin.name}.${name} keeps the contract of triggers:`, promises satisfies Promises, contract.waive);
}

/** As the engine does when a source is lost. */
async function againAndAgain(subscribe: () => Promise<void>, enough: () => boolean): Promise<void> {
  while (!enough()) await subscribe().catch(() => undefined);
}
