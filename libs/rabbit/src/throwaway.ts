import type { Channel, ChannelModel } from 'amqplib';

/** Runs on a channel of its own, since the broker closes the channel of a request that it refuses. */
export async function withChannel<T>(connection: ChannelModel, run: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined); // the request itself rejects
  try {
    return await run(channel);
  } finally {
    await closed(channel);
  }
}

/** A channel that the broker has closed already throws at once. */
async function closed(channel: Channel): Promise<void> {
  try {
    await channel.close();
  } catch {
    // it is closed, which was all that was wanted
  }
}
