import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/**
 * Sends all frames of one turn of the event loop in one write. amqplib writes each frame separately, and one system call for each frame
 * is the largest cost of a hop. The socket is a private field of amqplib; the function does nothing if a later version keeps it
 * elsewhere.
 */
export function corkWrites(connection: ChannelModel): void {
  const { stream } = connection.connection as unknown as { stream?: Socket };
  if (!stream?.cork) return;
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let corked = false;
  const uncork = () => {
    corked = false;
    stream.uncork();
  };
  stream.write = (...args: unknown[]) => {
    if (!corked) {
      corked = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write(...args);
  };
}
