import { engineFail } from '@sluice/plugin-api';
import type { Channel, ChannelModel } from 'amqplib';
import { REPLY, replyCode } from './failure.js';
import { withChannel } from './throwaway.js';
import type { Names } from './topology.js';

const REFUSAL = 'another host uses this RabbitMQ with an embedded database of its own: set SLUICE_DATABASE_URL on both';

/**
 * A host whose database nobody else sees must be alone on its broker, or leases, claims and parked runs would not hold. It takes an
 * exclusive queue, which the broker gives back when the connection ends; every other host looks whether it is taken.
 */
export async function claimSoleHost(connection: ChannelModel, names: Names, sole: boolean): Promise<void> {
  const queue = names.soleHost();
  try {
    await withChannel(connection, (channel) => (sole ? take(channel, queue) : look(channel, queue)));
  } catch (error) {
    if (replyCode(error) === REPLY.resourceLocked) throw engineFail.CONFIG_INVALID(REFUSAL);
    throw error;
  }
}

async function take(channel: Channel, queue: string): Promise<void> {
  await channel.assertQueue(queue, { exclusive: true, durable: false });
}

async function look(channel: Channel, queue: string): Promise<void> {
  await channel.checkQueue(queue).catch((error: unknown) => {
    if (replyCode(error) !== REPLY.notFound) throw error;
  });
}
