// The queues of `bench hop`: the same orders for both sides, and what came out of each.
import { connect } from 'amqplib';
import { setTimeout as pause } from 'node:timers/promises';
import { RabbitBus } from '../../../libs/rabbit/dist/index.js';

const QUORUM = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
const SOURCE = '/bench';
const UNCONFIRMED = 2_000;
const LOOK_MS = 10;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An order of 500 bytes; every other one passes the filter. */
function order(number) {
  const body = {
    id: `o${number}`,
    kind: number % 2 === 0 ? 'A' : 'B',
    customer: { name: 'Иванов', inn: '7700000000' },
    price: 12.5,
    qty: 3,
    text: '',
  };
  return JSON.stringify({ ...body, text: 'x'.repeat(500 - Buffer.byteLength(JSON.stringify(body))) });
}

export class Orders {
  #connection;
  #channel;
  #bus;

  static async open(url) {
    const orders = new Orders();
    orders.#connection = await connect(url);
    orders.#channel = await orders.#connection.createConfirmChannel();
    orders.#bus = await RabbitBus.open({ url, hostId: 'bench', log: silent });
    return orders;
  }

  /** A new queue of the plain program. */
  async fresh(queue) {
    await this.#channel.deleteQueue(queue);
    await this.#channel.assertQueue(queue, QUORUM);
  }

  /** A new queue of a flow, with the arguments that a host gives it. */
  async freshForFlow(queue, type) {
    await this.#channel.deleteQueue(queue);
    await this.#bus.declare({ queue, types: [type] });
  }

  /** Where events of a type go from now on, beside the flows that take them. */
  async collect(queue, type) {
    await this.#channel.bindQueue(queue, 'events', type);
  }

  /** The orders 0 … count - 1, with the attributes of an event. */
  async fill(queue, count) {
    for (let number = 0; number < count; number++) {
      this.#channel.sendToQueue(queue, Buffer.from(order(number)), {
        persistent: true,
        contentType: 'application/json',
        messageId: `order-${number}`,
        type: 'order.created',
        appId: SOURCE,
        headers: { ce: JSON.stringify({ time: new Date().toISOString() }) },
      });
      if (number % UNCONFIRMED === 0) await this.#channel.waitForConfirms();
    }
    await this.#channel.waitForConfirms();
  }

  /** Resolves when so many messages are in the queue; gives the time of it. */
  async holds(queue, count) {
    for (;;) {
      const { messageCount } = await this.#channel.checkQueue(queue);
      if (messageCount >= count) return performance.now();
      await pause(LOOK_MS);
    }
  }

  /** Resolves when nothing waits in the queue. */
  async emptied(queue) {
    while ((await this.#channel.checkQueue(queue)).messageCount > 0) await pause(LOOK_MS);
  }

  /** Numbers of the orders in an output queue, and how many messages there are; empties it. */
  async mapped(queue) {
    const { messageCount } = await this.#channel.checkQueue(queue);
    const numbers = new Set();
    let messages = 0;
    if (messageCount === 0) return { numbers, messages };
    await new Promise((resolve, reject) => {
      this.#channel
        .consume(
          queue,
          ({ content, fields }) => {
            numbers.add(JSON.parse(content).orderId);
            if (++messages === messageCount) this.#channel.cancel(fields.consumerTag).then(resolve, reject);
          },
          { noAck: true },
        )
        .catch(reject);
    });
    return { numbers, messages };
  }

  async close() {
    await this.#bus.close();
    await this.#connection.close();
  }
}

/** Which orders must come out, of the first `count`. */
export function expected(count) {
  return new Set(
    Array.from({ length: count }, (_, number) => number).flatMap((number) => (number % 2 === 0 ? [`o${number}`] : [])),
  );
}

/** Throws when an order is missing or was invented. */
export function checkMapped(who, numbers, count) {
  const wanted = expected(count);
  const lost = [...wanted].filter((number) => !numbers.has(number));
  const foreign = [...numbers].filter((number) => !wanted.has(number));
  if (lost.length + foreign.length > 0)
    throw new Error(
      `${who}: ${lost.length} of ${wanted.size} orders lost (${lost.slice(0, 3)}), ${foreign.length} that were not sent`,
    );
}
