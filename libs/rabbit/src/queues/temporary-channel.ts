import type { Channel, ChannelModel } from 'amqplib';

/** Runs a request on its own channel, because the broker closes the channel of a request that it refuses. */
export async function withChannel<T>(connection: ChannelModel, run: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined); // the request itself rejects
  try {
    return await run(channel);
  } finally {
    // not awaited: amqplib never settles the promise when the connection is lost meanwhile
    void closeQuietly(channel);
  }
}

/** Closes a channel that may be closed already: amqplib throws then, or rejects. */
export async function closeQuietly(channel: Channel): Promise<void> {
  try {
    await channel.close();
  } catch {
    // the channel is closed already
  }
}
