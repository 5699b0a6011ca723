import { engineFail } from '@sluice/plugin-api';
import type { ChannelModel } from 'amqplib';
import { REPLY, replyCode } from '../connection/failure.js';
import { closeQuietly, withChannel } from './temporary-channel.js';
import type { Names } from './topology.js';

const REFUSAL = 'another host uses this RabbitMQ with an embedded database of its own: set SLUICE_DATABASE_URL on both';

/**
 * A host whose database nobody else sees must be alone on its broker, or leases, claims and parked runs would not hold. It takes an
 * exclusive queue, which the broker releases when the connection ends; every other host checks whether the queue exists.
 *
 * @throws CONFIG_INVALID when the queue belongs to another host
 */
export async function claimSoleHost(connection: ChannelModel, names: Names, sole: boolean): Promise<void> {
  const queue = names.soleHost();
  if (!sole && (await exists(connection, queue))) throw engineFail.CONFIG_INVALID(REFUSAL);
  if (!sole) return;
  try {
    await withChannel(connection, (channel) => channel.assertQueue(queue, { exclusive: true, durable: false }));
  } catch (error) {
    if (replyCode(error) === REPLY.resourceLocked) throw engineFail.CONFIG_INVALID(REFUSAL);
    throw error;
  }
}

/**
 * Sends a message that expires at once and must be returned when there is no such queue. A passive declaration would ask the same, but
 * RabbitMQ logs an error when the queue is missing, and that at each start of a host.
 */
async function exists(connection: ChannelModel, queue: string): Promise<boolean> {
  const channel = await connection.createConfirmChannel();
  try {
    let returned = false;
    channel.on('error', () => undefined); // the confirm rejects
    channel.on('return', () => (returned = true));
    channel.publish('', queue, Buffer.alloc(0), { mandatory: true, expiration: '0' });
    await channel.waitForConfirms();
    return !returned;
  } finally {
    void closeQuietly(channel);
  }
}
