import { engineFail } from '@sluice/plugin-api';
import type { ChannelModel } from 'amqplib';
import { REPLY, replyCode } from '../connection/failure.js';
import { closeQuietly, withChannel } from './temporary-channel.js';
import type { Names } from './topology.js';

const REFUSAL = 'another host uses this RabbitMQ with an embedded database of its own: set SLUICE_DATABASE_URL on both';

/**
 * Ensures that a host with an embedded database is alone on its broker: leases, claims and parked runs of two databases would contradict
 * each other. The host holds an exclusive queue, which the broker deletes when the connection ends; other hosts check that there is none.
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
 * Checks a queue by a mandatory message that expires at once: the broker returns it when the queue does not exist. For a passive
 * declaration RabbitMQ would log an error at each start of a host, because the queue is usually missing.
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
