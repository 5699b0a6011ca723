// A rival of `bench hop`: the same work on @golevelup/nestjs-rabbitmq 9, written as its README shows, with confirms and a large prefetch.
// usage: node golevelup-hop.mjs AMQP_URL IN_QUEUE OUT_QUEUE        prints "ready", runs until it is told to stop (SIGTERM)
// The library acknowledges an input after the handler has ended, and the handler awaits the confirm of its output. Half the events pass
// the filter (kind = 'A'). No attributes are sent: the README publishes the body alone.
import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AmqpConnection, RabbitMQModule, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';

const [, , uri, inQueue, outQueue] = process.argv;

class Orders {
  constructor(amqp) {
    this.amqp = amqp;
  }

  async map(order) {
    if (order.kind !== 'A') return;
    await this.amqp.publish('', outQueue, {
      orderId: order.id,
      customer: order.customer.name,
      total: order.price * order.qty,
    });
  }
}
// what the decorators of TypeScript do
Injectable()(Orders);
Inject(AmqpConnection)(Orders, undefined, 0);
const subscribe = RabbitSubscribe({
  queue: inQueue,
  queueOptions: { channel: 'orders', durable: true, arguments: { 'x-queue-type': 'quorum' } },
});
subscribe(Orders.prototype, 'map', Object.getOwnPropertyDescriptor(Orders.prototype, 'map'));

class App {}
Module({
  imports: [
    RabbitMQModule.forRoot({
      uri,
      channels: { orders: { prefetchCount: 500, default: true } },
      defaultPublishOptions: { persistent: true },
      connectionInitOptions: { wait: true },
      enableControllerDiscovery: false,
    }),
  ],
  providers: [Orders],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
await app.init();
console.log('ready');
process.on('SIGTERM', async () => {
  await app.close();
  process.exit(0);
});
