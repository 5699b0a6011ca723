// A rival of `bench hop`: the same work on @nestjs/microservices with Transport.RMQ, written as the documentation of NestJS shows.
// usage: node nestjs-rmq-hop.mjs AMQP_URL IN_QUEUE OUT_QUEUE        prints "ready", runs until it is told to stop (SIGTERM)
// Inputs and outputs are in the envelope of NestJS, { pattern, data }. Prefetch 500; `emit` ends when its message is confirmed, and the
// handler acknowledges its input afterwards. Half the events pass the filter (kind = 'A').
import 'reflect-metadata';
import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Ctx, EventPattern, Payload, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

const [, , url, inQueue, outQueue] = process.argv;
const rmq = (queue, options) => ({
  transport: Transport.RMQ,
  options: { urls: [url], queue, noAssert: true, persistent: true, ...options },
});

class Orders {
  constructor(mapped) {
    this.mapped = mapped;
  }

  async map(order, context) {
    if (order.kind === 'A') {
      const output = { orderId: order.id, customer: order.customer.name, total: order.price * order.qty };
      await lastValueFrom(this.mapped.emit('order.mapped', output), { defaultValue: undefined });
    }
    context.getChannelRef().ack(context.getMessage());
  }
}
// what the decorators of TypeScript do
Controller()(Orders);
Inject('MAPPED')(Orders, undefined, 0);
EventPattern('order.created')(Orders.prototype, 'map', Object.getOwnPropertyDescriptor(Orders.prototype, 'map'));
Payload()(Orders.prototype, 'map', 0);
Ctx()(Orders.prototype, 'map', 1);

class App {}
Module({
  imports: [ClientsModule.register([{ name: 'MAPPED', ...rmq(outQueue) }])],
  controllers: [Orders],
})(App);

const app = await NestFactory.createMicroservice(App, {
  logger: ['error', 'warn'],
  ...rmq(inQueue, { noAck: false, prefetchCount: 500 }),
});
await app.listen();
console.log('ready');
process.on('SIGTERM', async () => {
  await app.close();
  process.exit(0);
});
