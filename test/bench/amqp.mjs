// bench amqp: the AMQP client libraries beside each other: 500-byte messages into a quorum queue, each confirmed, and out of it, each
// acknowledged, on the same broker in turn. The basis of docs/decisions/0040.
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { startRabbit } from '../../libs/testing/dist/servers/index.js';
import { median, record } from './lib/frame.mjs';

const CLIENTS = ['amqplib-batched', 'amqplib', 'rabbitmq-client'];
const JOBS = ['publish', 'consume'];
const MESSAGES = 40_000;
const ROUNDS = 7;
const LIMIT_MS = 60_000;
const QUEUE = 'bench.amqp';
const PROGRAM = fileURLToPath(new URL('lib/amqp-clients.mjs', import.meta.url));

const rabbit = await startRabbit();
try {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    // another client begins each round: a drifting machine affects all of them
    const order = CLIENTS.map((_, n) => CLIENTS[(n + round) % CLIENTS.length]);
    const found = {};
    for (const client of order) {
      await freshQueue();
      for (const job of JOBS) found[`${client} ${job}`] = await measure(client, job);
      await requireEmpty(client);
    }
    rounds.push(figures(found));
    console.error(`round ${round + 1}: ${JSON.stringify(rounds.at(-1))}`);
  }
  const medians = Object.fromEntries(Object.keys(rounds[0]).map((name) => [name, median(rounds.map((round) => round[name]))]));
  const ratios = JOBS.map((job) => `${job} ${medians[`${job} ratio`].toFixed(2)}`).join(', ');
  record('amqp', { messages: MESSAGES, medians, rounds }, `ratio rabbitmq-client ÷ amqplib with joined writes: ${ratios}`);
} finally {
  await rabbit.stop();
}

/** Returns the rates and processor times of a round. `ratio`: rate of rabbitmq-client ÷ rate of amqplib-batched. */
function figures(found) {
  const rate = (name) => found[name].count / found[name].seconds;
  const rates = Object.keys(found).flatMap((name) => [
    [`${name} /s`, Math.round(rate(name))],
    [`${name} µs`, found[name].cpuMicros],
  ]);
  const ratios = JOBS.map((job) => [`${job} ratio`, rate(`rabbitmq-client ${job}`) / rate(`amqplib-batched ${job}`)]);
  return Object.fromEntries([...rates, ...ratios]);
}

async function measure(client, job) {
  const args = [PROGRAM, client, job, rabbit.url, QUEUE, String(MESSAGES)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LIMIT_MS });
  return JSON.parse(stdout);
}

async function freshQueue() {
  await withChannel(async (channel) => {
    await channel.deleteQueue(QUEUE);
    await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  });
}

/** Waits until a quorum queue has applied the last acknowledgements: it does so after they have been sent. */
async function requireEmpty(client) {
  await withChannel(async (channel) => {
    for (const until = Date.now() + LIMIT_MS; ; await pause(50)) {
      const { messageCount } = await channel.checkQueue(QUEUE);
      if (messageCount === 0) return;
      if (Date.now() > until) throw new Error(`${client} left ${messageCount} of ${MESSAGES} messages in the queue`);
    }
  });
}

async function withChannel(work) {
  const connection = await connect(rabbit.url);
  try {
    return await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}
