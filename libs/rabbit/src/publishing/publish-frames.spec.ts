import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import type { ConfirmChannel } from 'amqplib';
import fc from 'fast-check';
import { PublishFrames, type PublishProperties } from './publish-frames.js';

interface Definitions {
  readonly BasicPublish: number;
  readonly BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}

const require = createRequire(import.meta.url);
/** Loads a part of amqplib that its package does not export. */
const part = (name: string): unknown => require(path.join(path.dirname(require.resolve('amqplib')), 'lib', name));
const defs = part('defs.js') as Definitions;
const frame = part('frame.js') as { makeBodyFrame(channel: number, payload: Buffer): Buffer };
const { ConfirmChannel: AmqplibChannel } = part('channel_model.js') as { ConfirmChannel: { prototype: object } };
const { Connection } = part('connection.js') as { Connection: { prototype: object } };

const FRAME_MAX = 4_096;
const CHANNEL = 515;
const properties: PublishProperties = {
  messageId: 'm1',
  type: 'order.mapped',
  appId: '/flows/hop',
  correlationId: undefined,
  contentType: 'application/json',
  headers: { ce: '{"hops":1}' },
  mandatory: true,
};

function openChannel() {
  const sent: Buffer[] = [];
  const connection = Object.assign(Object.create(Connection.prototype) as object, {
    frameMax: FRAME_MAX,
    sendBytes: (bytes: Buffer) => void sent.push(Buffer.from(bytes)),
    sendMessage: () => undefined,
  });
  const channel = Object.assign(Object.create(AmqplibChannel.prototype) as object, {
    ch: CHANNEL,
    connection,
    sendMessage: () => undefined,
    unconfirmed: [] as unknown[],
  });
  return { channel, sent, frames: new PublishFrames(channel as unknown as ConfirmChannel) };
}

function encodedByAmqplib(exchange: string, routingKey: string, body: Buffer, given: PublishProperties): Buffer {
  const frames = [
    defs.encodeMethod(defs.BasicPublish, CHANNEL, { exchange, routingKey, mandatory: given.mandatory, ticket: 0 }),
    defs.encodeProperties(defs.BasicProperties, CHANNEL, body.length, { ...given, deliveryMode: 2 }),
  ];
  const most = FRAME_MAX - 8;
  for (let at = 0; at < body.length; at += most) frames.push(frame.makeBodyFrame(CHANNEL, body.subarray(at, at + most)));
  return Buffer.concat(frames);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ignore = () => undefined;

describe('PublishFrames', () => {
  const short = fc.string({ unit: 'binary', maxLength: 63 });
  const option = fc.option(short, { nil: undefined });
  const message = fc.record({
    exchange: short,
    routingKey: short,
    body: fc.oneof(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ minLength: 4_000, maxLength: 9_000, size: 'max' })),
    properties: fc.record({
      messageId: short,
      type: short,
      appId: option,
      correlationId: option,
      contentType: option,
      // amqplib writes smaller integers with fewer bytes, which the reader does not distinguish
      headers: fc.record(
        { ce: fc.string({ unit: 'binary', maxLength: 900 }), 'sluice-not-before': fc.integer({ min: 2 ** 32, max: 2 ** 53 }) },
        { requiredKeys: ['ce'] },
      ),
      mandatory: fc.boolean(),
    }),
  });

  it('writes the same bytes as amqplib', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 30 }), async (messages) => {
        const { frames, sent } = openChannel();
        const expected: Buffer[] = [];
        for (const { exchange, routingKey, body, properties: given } of messages) {
          frames.publish(exchange, routingKey, Buffer.from(body), given, ignore);
          expected.push(encodedByAmqplib(exchange, routingKey, Buffer.from(body), given));
        }
        await turn();
        expect(Buffer.concat(sent).equals(Buffer.concat(expected))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('sends the messages of one callback together', async () => {
    const { frames, sent, channel } = openChannel();
    for (let n = 0; n < 20; n++) frames.publish('events', 'order.mapped', Buffer.from('{}'), properties, ignore);
    expect(sent).toHaveLength(0);
    await turn();
    expect(sent).toHaveLength(1);
    expect(channel.unconfirmed).toHaveLength(20);
  });

  it('never overwrites bytes that the socket may still hold', async () => {
    const { frames, channel } = openChannel();
    const held: Buffer[] = [];
    channel.connection.sendBytes = (bytes) => void held.push(bytes);
    const expected: Buffer[] = [];
    for (let n = 0; n < 400; n++) {
      const body = Buffer.alloc(1_000, n);
      frames.publish('', 'q', body, properties, ignore);
      expected.push(encodedByAmqplib('', 'q', body, properties));
      if (n % 7 === 0) await turn();
    }
    await turn();
    expect(Buffer.concat(held).equals(Buffer.concat(expected))).toBe(true);
  });

  it('sends nothing of a message with a short text of more than 255 bytes', async () => {
    const { frames, sent, channel } = openChannel();
    const long = { ...properties, messageId: 'я'.repeat(128) };
    expect(() => frames.publish('', 'q', Buffer.from('{}'), long, ignore)).toThrow('the message id has 256 bytes');
    frames.publish('', 'q', Buffer.from('{}'), properties, ignore);
    await turn();
    expect(Buffer.concat(sent).equals(encodedByAmqplib('', 'q', Buffer.from('{}'), properties))).toBe(true);
    expect(channel.unconfirmed).toHaveLength(1);
  });

  it('throws after the channel began to close', async () => {
    const { frames, sent, channel } = openChannel();
    channel.sendMessage = () => {
      throw new Error('closing');
    };
    const confirmed = jest.fn();
    expect(() => frames.publish('', 'q', Buffer.from('{}'), properties, confirmed)).toThrow('the channel is closed');
    await turn();
    expect(sent).toHaveLength(0);
    expect(channel.unconfirmed).toHaveLength(0);
  });
});
