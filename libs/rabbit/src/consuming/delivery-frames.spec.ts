import { createRequire } from 'node:module';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import { readDeliveriesDirectly } from './delivery-frames.js';

interface Definitions {
  readonly BasicDeliver: number;
  readonly BasicProperties: number;
  readonly BasicAck: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}

interface Connection {
  accept: (frame: object) => void;
  readonly stream: PassThrough;
  channels: ({ readonly channel: Channel } | undefined)[];
  recvFrame(): unknown;
  acceptLoop(): void;
}

interface Channel {
  registerConsumer(tag: string, callback: (message: ConsumeMessage) => void): void;
  accept: (frame: object) => void;
}

const require = createRequire(import.meta.url);
/** Loads a part of amqplib that its package does not export. */
const part = (name: string): unknown => require(path.join(path.dirname(require.resolve('amqplib')), 'lib', name));
const defs = part('defs.js') as Definitions;
const frame = part('frame.js') as { makeBodyFrame(channel: number, payload: Buffer): Buffer };
const amqplib = {
  ...(part('connection.js') as { Connection: new (stream: PassThrough) => Connection }),
  ...(part('channel_model.js') as { Channel: new (connection: Connection) => Channel }),
};

const BODY_FRAME_BYTES = 300;

/** A connection as amqplib leaves it after the handshake. */
function open(direct: boolean) {
  const connection = new amqplib.Connection(new PassThrough());
  const received: ConsumeMessage[] = [];
  let framesOfAmqplib = 0;
  connection.accept = (frame) => {
    framesOfAmqplib += 1;
    connection.channels[(frame as { channel: number }).channel]?.channel.accept(frame);
  };
  const channels = [1, 2].map((number) => {
    const channel = new amqplib.Channel(connection);
    connection.channels[number] = { channel };
    channel.registerConsumer('tag', (message) => void received.push(message));
    return channel;
  });
  if (direct) readDeliveriesDirectly({ connection } as unknown as ChannelModel);
  connection.acceptLoop();
  const receive = (bytes: Buffer) => {
    connection.stream.write(bytes);
    return new Promise((resolve) => setImmediate(resolve));
  };
  return { connection, channel: channels[0] as Channel, received, receive, framesOfAmqplib: () => framesOfAmqplib };
}

const fields = { consumerTag: 'tag', deliveryTag: 1, redelivered: false, exchange: 'events', routingKey: 'order.created' };
const usual = {
  contentType: 'application/json',
  headers: { ce: '{"time":"2026-01-02T03:04:05Z"}' },
  deliveryMode: 2,
  correlationId: 'c1',
  messageId: 'm1',
  type: 'order.created',
  appId: '/bench',
};

function delivery(body: Buffer, properties: object = usual, more: object = {}, channel = 1): Buffer {
  const frames = [
    defs.encodeMethod(defs.BasicDeliver, channel, { ...fields, ...more }),
    defs.encodeProperties(defs.BasicProperties, channel, body.length, properties),
  ];
  for (let at = 0; at < body.length; at += BODY_FRAME_BYTES)
    frames.push(frame.makeBodyFrame(channel, body.subarray(at, at + BODY_FRAME_BYTES)));
  return Buffer.concat(frames);
}

describe('readDeliveriesDirectly', () => {
  it('reads complete messages of Sluice without amqplib', async () => {
    const { received, receive, framesOfAmqplib } = open(true);
    const counted = (count: unknown) => ({
      ...usual,
      headers: { ...usual.headers, 'x-delivery-count': count, 'sluice-not-before': 1_900_000_000_000 },
    });
    // RabbitMQ writes the count with eight bytes, amqplib would write one
    const again = counted({ '!': 'long', value: 3 });
    await receive(Buffer.concat([delivery(Buffer.from('{"a":1}')), delivery(Buffer.from('1'), again, { deliveryTag: 2 ** 40 })]));
    expect(framesOfAmqplib()).toBe(0);
    expect(received).toMatchObject([
      { fields, properties: usual, content: Buffer.from('{"a":1}') },
      { fields: { ...fields, deliveryTag: 2 ** 40 }, properties: counted(3), content: Buffer.from('1') },
    ]);
  });

  it('delivers the same messages in the same order as amqplib, however they are cut', async () => {
    const short = fc.string({ unit: 'binary', maxLength: 60 });
    const foreign = { expiration: short, replyTo: short, contentEncoding: short, timestamp: fc.nat(), priority: fc.nat(9) };
    const headers = fc.dictionary(short, fc.oneof(short, fc.integer(), fc.boolean(), fc.constant(2 ** 40), fc.array(short)));
    const properties = fc.record(
      {
        contentType: short,
        headers,
        deliveryMode: fc.constantFrom(1, 2),
        correlationId: short,
        messageId: short,
        type: short,
        appId: short,
      },
      { requiredKeys: [] },
    );
    const message = fc.record({
      properties: fc.oneof(
        { weight: 4, arbitrary: properties },
        { weight: 1, arbitrary: fc.record(foreign, { requiredKeys: [] }) },
      ),
      body: fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 900, size: 'max' })),
      routing: fc.record({ exchange: short, routingKey: short, redelivered: fc.boolean(), deliveryTag: fc.nat() }),
      channel: fc.constantFrom(1, 2),
      ackBefore: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.nat(3_000), { maxLength: 6 }),
        async (messages, cuts) => {
          const bytes = Buffer.concat(
            messages.flatMap(({ body, properties: given, routing, channel, ackBefore }) => [
              ...(ackBefore ? [defs.encodeMethod(defs.BasicAck, 2, { deliveryTag: 1, multiple: true })] : []),
              delivery(Buffer.from(body), given, routing, channel),
            ]),
          );
          const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
          const [direct, plain] = [open(true), open(false)];
          for (let n = 1; n < places.length; n++) {
            const piece = bytes.subarray(places[n - 1], places[n]);
            if (piece.length > 0) await Promise.all([direct.receive(piece), plain.receive(piece)]);
          }
          expect(plain.received).toHaveLength(messages.length);
          expect(direct.received.map(withoutNames)).toEqual(plain.received.map(withoutNames));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('drops deliveries of a channel that is closing, as amqplib does', async () => {
    const { channel, received, receive } = open(true);
    channel.accept = () => undefined;
    await receive(delivery(Buffer.from('{}')));
    expect(received).toHaveLength(0);
  });

  it('drops the deliveries after one whose handler closes the connection', async () => {
    const { connection, channel, received, receive } = open(true);
    channel.registerConsumer('tag', (message) => {
      received.push(message);
      connection.accept = () => undefined;
    });
    await receive(Buffer.concat([delivery(Buffer.from('{}')), delivery(Buffer.from('{}'))]));
    expect(received).toHaveLength(1);
  });

  it('leaves a delivery for an unknown consumer to amqplib', async () => {
    const { received, receive, framesOfAmqplib } = open(true);
    await receive(delivery(Buffer.from('{}'), usual, { consumerTag: 'tag' }));
    expect(framesOfAmqplib()).toBe(0);
    await receive(defs.encodeMethod(defs.BasicAck, 1, { deliveryTag: 1, multiple: true }));
    expect(framesOfAmqplib()).toBe(1);
    expect(received).toHaveLength(1);
  });
});

/** amqplib leaves out the properties that a message does not have only when it has none. */
function withoutNames({ fields: routing, properties, content }: ConsumeMessage) {
  const given = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
  return { fields: { ...routing }, properties: given, content: content.toString('hex') };
}
