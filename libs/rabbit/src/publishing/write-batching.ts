import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/**
 * Sends the frames of one turn of the event loop together: those for all requests and deliveries that it found waiting. amqplib writes each
 * frame to the socket by itself, and a system call a frame is the largest cost of a hop. It keeps the socket to itself, so this looks for
 * it, and does without when a later version keeps it elsewhere.
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
