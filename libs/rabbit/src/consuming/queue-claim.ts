import type { ChannelModel } from 'amqplib';
import { REPLY, replyCode } from '../connection/failure.js';
import { withChannel } from '../queues/temporary-channel.js';
import type { Names } from '../queues/topology.js';

/**
 * Claims the right to consume some queues: an exclusive queue on the consuming connection, which the broker deletes when the connection
 * ends. A quorum queue admits a second consumer even to an exclusive one, so the right begins only when the queues have no consumer.
 *
 * @returns false while another host has the right or consumes one of the queues
 */
export async function claimQueues(
  connection: ChannelModel,
  names: Names,
  name: string,
  owned: readonly string[],
): Promise<boolean> {
  try {
    await withChannel(connection, (channel) => channel.assertQueue(names.of(name), { exclusive: true, durable: false }));
  } catch (error) {
    if (replyCode(error) === REPLY.resourceLocked) return false;
    throw error;
  }
  for (const queue of owned) {
    const { consumerCount } = await withChannel(connection, (channel) => channel.checkQueue(names.of(queue)));
    if (consumerCount === 0) continue;
    await disclaim(connection, names, name);
    return false;
  }
  return true;
}

/** Ends the right. Never rejects. */
export async function disclaim(connection: ChannelModel, names: Names, name: string): Promise<void> {
  await withChannel(connection, (channel) => channel.deleteQueue(names.of(name))).catch(() => undefined);
}
