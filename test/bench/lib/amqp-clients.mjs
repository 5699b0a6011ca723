// The programs that `bench amqp` compares: the same work with each client library.
// usage: node amqp-clients.mjs CLIENT publish|consume AMQP_URL QUEUE COUNT        prints one line of JSON: { count, seconds, cpuMicros }
// CLIENT is amqplib, amqplib-batched (with the joined writes of libs/rabbit) or rabbitmq-client.
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Connection } from 'rabbitmq-client';
import { corkWrites } from '../../../libs/rabbit/dist/publishing/write-batching.js';

const BODY_BYTES = 500;
/** Messages without a confirm, and without an acknowledgement. */
const WINDOW = 500;
/** Messages at the beginning that are not measured: the program compiles its code. */
const WARM = 5_000;
const ACKS_APPLIED_MS = 1_500;

const [, , client, job, url, queue, number] = process.argv;
const count = Number(number);
// 0x80 is not UTF-8: the bytes must arrive as they were sent
const body = Buffer.alloc(BODY_BYTES, 0x80);
let from;

let end;
const ended = new Promise((resolve) => (end = resolve));
let done = 0;
/** Counts one more message. The first WARM and the last begin and end the measurement. */
function finish() {
  done += 1;
  if (done === WARM) from = { time: performance.now(), cpu: process.cpuUsage() };
  if (done === count) end();
}

const open = { amqplib: openAmqplib, 'amqplib-batched': openAmqplib, 'rabbitmq-client': openRabbitmqClient }[client];
const { publish, consume, close } = await open();
if (job === 'publish') publishAll();
else await consume();
await ended;
const seconds = (performance.now() - from.time) / 1_000;
const { user, system } = process.cpuUsage(from.cpu);
const measured = count - WARM;
console.log(JSON.stringify({ count: measured, seconds, cpuMicros: Math.round(((user + system) / measured) * 10) / 10 }));
// RabbitMQ forgets acknowledgements of a quorum queue that came within a second before the close, see libs/rabbit/src/consuming/recent-acks.ts
await pause(ACKS_APPLIED_MS);
await close();

/** Keeps WINDOW messages unconfirmed: each confirm publishes the next. */
function publishAll() {
  let sent = 0;
  const next = () => {
    if (sent === count) return;
    sent += 1;
    publish(() => {
      finish();
      next();
    });
  };
  for (let n = 0; n < WINDOW; n++) next();
}

async function openAmqplib() {
  const connection = await connect(url, { noDelay: true });
  if (client === 'amqplib-batched') corkWrites(connection);
  const channel = await connection.createConfirmChannel();
  const options = { persistent: true, contentType: 'application/octet-stream' };
  return {
    publish: (confirmed) => channel.sendToQueue(queue, body, options, (error) => (error ? fail(error) : confirmed())),
    async consume() {
      await channel.prefetch(WINDOW);
      await channel.consume(queue, (message) => {
        check(message.content);
        channel.ack(message);
        finish();
      });
    },
    close: () => connection.close(),
  };
}

async function openRabbitmqClient() {
  const connection = new Connection(url);
  connection.on('error', fail);
  const channel = await connection.acquire();
  await channel.confirmSelect();
  const envelope = { routingKey: queue, durable: true, contentType: 'application/octet-stream' };
  return {
    publish: (confirmed) => void channel.basicPublish(envelope, body).then(confirmed, fail),
    async consume() {
      await channel.basicQos({ prefetchCount: WINDOW });
      await channel.basicConsume({ queue }, (message) => {
        check(message.body);
        channel.basicAck({ deliveryTag: message.deliveryTag });
        finish();
      });
    },
    async close() {
      await channel.close();
      await connection.close();
    },
  };
}

function check(content) {
  if (content.length !== BODY_BYTES || content[0] !== 0x80) fail(new Error('a message arrived with another body'));
}

function fail(error) {
  console.error(error);
  process.exit(1);
}
