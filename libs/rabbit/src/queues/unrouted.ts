import { queues, type Outgoing, type UnroutedStatus } from '@sluice/engine';
import { typeMatches } from '@sluice/plugin-api';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { browse } from './browse.js';
import { decodeMessage } from '../publishing/envelope.js';
import { withChannel } from './temporary-channel.js';
import type { Names } from './topology.js';

const COUNTED = 10_000;

/** Types of the first 10,000 events that nobody wanted. While it counts they are in its hands: another count sees only what is behind. */
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

/** Moves what fits one of the patterns: each leaves `unrouted` after its copy is confirmed. Gives how many. */
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
