import { queues, type Outgoing, type UnroutedStatus } from '@sluice/engine';
import { typeMatches } from '@sluice/plugin-api';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { browse } from './browse.js';
import { decodeMessage } from '../publishing/envelope.js';
import { withChannel } from './temporary-channel.js';
import type { Names } from './topology.js';

const COUNTED = 10_000;

/**
 * Counts the first 10,000 events of `unrouted` by type. The events are held during the count, so a second count at the same time sees only
 * the events behind them.
 */
export function countUnrouted(connection: ChannelModel, names: Names): Promise<UnroutedStatus[]> {
  return withChannel(connection, async (channel) => {
    const counts = new Map<string, number>();
    await browse(channel, names.of(queues.unrouted), COUNTED, async (batch) => {
      for (const message of batch) {
        const { type } = decodeMessage(message).attributes;
        counts.set(type, (counts.get(type) ?? 0) + 1);
      }
      return [];
    });
    return [...counts].map(([type, count]) => ({ type, count }));
  });
}

/**
 * Moves the events whose type matches one of the patterns. An event leaves `unrouted` after its copy is confirmed.
 *
 * @returns the number of moved events
 */
export function moveUnrouted(
  connection: ChannelModel,
  names: Names,
  types: readonly string[],
  queue: string,
  publish: (outgoing: readonly Outgoing[]) => Promise<void>,
): Promise<number> {
  const fits = (message: ConsumeMessage) => types.some((type) => typeMatches(type, decodeMessage(message).attributes.type));
  return withChannel(connection, (channel) =>
    browse(channel, names.of(queues.unrouted), Infinity, async (batch) => {
      const chosen = batch.filter(fits);
      await publish(chosen.map((message) => ({ message: decodeMessage(message), queue })));
      return chosen;
    }),
  );
}
