// The queues of bench hop: the same orders for both programs, and their outputs.
import { connect } from 'amqplib';
import { setTimeout as pause } from 'node:timers/promises';
import { RabbitBus } from '../../../libs/rabbit/dist/index.js';

const QUORUM = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
const SOURCE = '/bench';
const UNCONFIRMED = 2_000;
const LOOK_MS = 10;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Returns an order of 500 bytes. Every other order passes the filter. */
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

  /** Creates an empty queue for the plain program. */
  async fresh(queue) {
    await this.#channel.deleteQueue(queue);
    await this.#channel.assertQueue(queue, QUORUM);
  }

  /** Creates an empty queue for a flow, with the arguments that a host uses. */
  async freshForFlow(queue, type) {
    await this.#channel.deleteQueue(queue);
    await this.#bus.declare({ queue, types: [type] });
  }

  /** Binds a queue to events of a type, in addition to the flows that consume them. */
  async collect(queue, type) {
    await this.#channel.bindQueue(queue, 'events', type);
  }

  /**
   * Publishes the orders 0 … count - 1, with the attributes of an event.
   *
   * @param {{ type?: string, wrap?: (order: string) => string }} options `wrap` returns the body that carries an order
   */
  async fill(queue, count, { type = 'order.created', wrap = (body) => body } = {}) {
    for (let number = 0; number < count; number++) {
      this.#channel.sendToQueue(queue, Buffer.from(wrap(order(number))), {
        persistent: true,
        contentType: 'application/json',
        messageId: `order-${number}`,
        type,
        appId: SOURCE,
        headers: { ce: JSON.stringify({ time: new Date().toISOString() }) },
      });
      if (number % UNCONFIRMED === 0) await this.#channel.waitForConfirms();
    }
    await this.#channel.waitForConfirms();
  }

  /** Resolves with the time at which the queue holds `count` messages. */
  async holds(queue, count) {
    for (;;) {
      const { messageCount } = await this.#channel.checkQueue(queue);
      if (messageCount >= count) return performance.now();
      await pause(LOOK_MS);
    }
  }

  /** Resolves when no event of the queue waits for a consumer. A consumer can still hold some. */
  async emptied(queue) {
    while (await this.isFilled(queue)) await pause(LOOK_MS);
  }

  async isFilled(queue) {
    return (await this.#channel.checkQueue(queue)).messageCount > 0;
  }

  /**
   * Empties an output queue. Resolves with the numbers of its orders and the number of messages.
   *
   * @param {(body: object) => object} unwrap returns the order that a body carries
   */
  async mapped(queue, unwrap = (body) => body) {
    const { messageCount } = await this.#channel.checkQueue(queue);
    const numbers = new Set();
    let messages = 0;
    if (messageCount === 0) return { numbers, messages };
    await new Promise((resolve, reject) => {
      this.#channel
        .consume(
          queue,
          ({ content, fields }) => {
            numbers.add(unwrap(JSON.parse(content)).orderId);
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

/** Returns the ids of the orders that pass the filter, of the first `count`. */
export function expected(count) {
  return new Set(
    Array.from({ length: count }, (_, number) => number).flatMap((number) => (number % 2 === 0 ? [`o${number}`] : [])),
  );
}

/** Throws if an order is missing, or if there is one that was not sent. */
export function checkMapped(who, numbers, count) {
  const wanted = expected(count);
  const lost = [...wanted].filter((number) => !numbers.has(number));
  const foreign = [...numbers].filter((number) => !wanted.has(number));
  if (lost.length + foreign.length > 0)
    throw new Error(
      `${who}: ${lost.length} of ${wanted.size} orders lost (${lost.slice(0, 3)}), ${foreign.length} that were not sent`,
    );
}
