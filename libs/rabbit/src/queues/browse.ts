import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ConsumeMessage } from 'amqplib';
import { RecentAcks } from '../consuming/recent-acks.js';

/** Maximum messages that are taken at once. Limits the memory. */
const BATCH = 500;
/** A batch that stays incomplete for this long ends the walk: another consumer holds the other messages. */
const QUIET_MS = 500;
/** Maximum time until returned messages are in the queue again. */
const MAX_RETURN_MS = 5_000;
const RETURN_POLL_MS = 10;

/**
 * Walks over at most `limit` messages of a queue from its head, in batches. All messages that are not removed are held until the walk
 * ends and then return to the queue, in an order that the broker chooses.
 *
 * @param show receives each batch and resolves with the messages of the batch to remove from the queue
 * @returns the number of removed messages. The broker has applied their acknowledgements, so the channel can be closed
 */
export async function browse(
  channel: Channel,
  queue: string,
  limit: number,
  show: (batch: readonly ConsumeMessage[]) => Promise<readonly ConsumeMessage[]>,
): Promise<number> {
  const { messageCount } = await channel.checkQueue(queue);
  const acks = new RecentAcks();
  let seen = 0;
  let removed = 0;
  for (let left = Math.min(limit, messageCount); left > 0; left = Math.min(limit, messageCount) - seen) {
    const batch = await take(channel, queue, Math.min(BATCH, left));
    if (batch.length === 0) break;
    const unwanted = await show(batch);
    acknowledge(channel, acks, unwanted, seen === removed && unwanted.length === batch.length);
    seen += batch.length;
    removed += unwanted.length;
  }
  if (seen > removed) await giveBack(channel, queue, seen - removed);
  await sleep(acks.msUntilApplied());
  return removed;
}

/** @param all true when no earlier message is held: one frame then acknowledges all messages, and the broker applies it at once */
function acknowledge(channel: Channel, acks: RecentAcks, messages: readonly ConsumeMessage[], all: boolean): void {
  for (const message of all ? messages.slice(-1) : messages) {
    channel.ack(message, all);
    acks.sent();
  }
}

/**
 * Returns the held messages. The broker applies commands in order: when the messages are back, earlier acknowledgements are applied too.
 */
async function giveBack(channel: Channel, queue: string, count: number): Promise<void> {
  channel.nackAll(true);
  for (const end = Date.now() + MAX_RETURN_MS; Date.now() < end; await sleep(RETURN_POLL_MS)) {
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
