import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ConsumeMessage } from 'amqplib';

/** Taken at once: bounds what is on its way, and in memory. */
const BATCH = 500;
/** A batch that stays incomplete for so long ends the walk: somebody else holds the rest. */
const QUIET_MS = 500;
/** The queue takes messages back a moment after it was told to. */
const RETURN_MS = 1_000;
const RETURN_POLL_MS = 10;

/**
 * Walks over at most `limit` messages of a queue from its head and shows each batch; `show` says which of it to take off the queue. All
 * others are held until the walk ends, then they are back at their places. Gives how many were taken off.
 */
export async function browse(
  channel: Channel,
  queue: string,
  limit: number,
  show: (batch: readonly ConsumeMessage[]) => Promise<readonly ConsumeMessage[]>,
): Promise<number> {
  const { messageCount } = await channel.checkQueue(queue);
  let seen = 0;
  let removed = 0;
  for (let left = Math.min(limit, messageCount); left > 0; left = Math.min(limit, messageCount) - seen) {
    const batch = await take(channel, queue, Math.min(BATCH, left));
    if (batch.length === 0) break;
    seen += batch.length;
    const unwanted = await show(batch);
    for (const message of unwanted) channel.ack(message);
    removed += unwanted.length;
  }
  if (seen > removed) await giveBack(channel, queue, seen - removed);
  return removed;
}

async function giveBack(channel: Channel, queue: string, count: number): Promise<void> {
  channel.nackAll(true);
  for (const end = Date.now() + RETURN_MS; Date.now() < end; await sleep(RETURN_POLL_MS)) {
    if ((await channel.checkQueue(queue)).messageCount >= count) return;
  }
}

async function take(channel: Channel, queue: string, count: number): Promise<ConsumeMessage[]> {
  const batch: ConsumeMessage[] = [];
  await channel.prefetch(count);
  let full = () => {};
  const complete = new Promise<void>((resolve) => {
    full = resolve;
  });
  let quiet = setTimeout(full, QUIET_MS);
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message) batch.push(message);
    clearTimeout(quiet);
    if (!message || batch.length >= count) full();
    else quiet = setTimeout(full, QUIET_MS);
  });
  await complete;
  clearTimeout(quiet);
  await channel.cancel(consumerTag);
  return batch;
}
