import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ConsumeMessage } from 'amqplib';
import { RecentAcks } from '../consuming/recent-acks.js';

/** Taken at once: bounds what is on its way, and in memory. */
const BATCH = 500;
/** A batch that stays incomplete for so long ends the walk: somebody else holds the rest. */
const QUIET_MS = 500;
/** The queue takes messages back a moment after it was told to. */
const MAX_RETURN_MS = 5_000;
const RETURN_POLL_MS = 10;

/**
 * Walks over at most `limit` messages of a queue from its head and shows each batch; `show` returns which messages of the batch to take off
 * the queue. All others are held until the walk ends; then they are back in the queue, in an order of the broker's choice.
 *
 * @returns how many messages were taken off; the broker has applied their acknowledgements, so the channel can be closed
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

/** @param all true when nothing that came before the last of them is held: one frame then acknowledges all, which the broker applies at once */
function acknowledge(channel: Channel, acks: RecentAcks, messages: readonly ConsumeMessage[], all: boolean): void {
  for (const message of all ? messages.slice(-1) : messages) {
    channel.ack(message, all);
    acks.sent();
  }
}

/** The broker applies it after the acknowledgements before it, so once the messages are back those have been applied as well. */
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
