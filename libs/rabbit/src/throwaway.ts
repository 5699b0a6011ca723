import type { Channel, ChannelModel } from 'amqplib';

/** Runs on a channel of its own, since the broker closes the channel of a request that it refuses. */
export async function withChannel<T>(connection: ChannelModel, run: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined); // the request itself rejects
  try {
    return await run(channel);
  } finally {
    // not waited for: when the connection dies meanwhile, amqplib never answers
    channel.close().catch(() => undefined);
  }
}
