import { describe, expect, it } from '@jest/globals';
import type { EventAttributes } from '@sluice/plugin-api';
import type { ConsumeMessage, MessageProperties } from 'amqplib';
import { decodeMessage, encodeProperties, readNotBefore } from './envelope.js';

const attributes: EventAttributes = { id: 'e1', source: '/connections/pbx', type: 'call.started', time: '2026-01-02T03:04:05Z' };

function received(
  properties: object,
  body = 'body',
  routing: { exchange?: string; routingKey?: string; redelivered?: boolean } = {},
): ConsumeMessage {
  return {
    fields: { exchange: 'events', routingKey: 'call.started', deliveryTag: 1, consumerTag: 'c', redelivered: false, ...routing },
    properties: properties as MessageProperties,
    content: Buffer.from(body),
  };
}

const roundTrip = (given: EventAttributes) =>
  decodeMessage(received(encodeProperties({ attributes: given, body: Buffer.alloc(0) }, true))).attributes;

describe('the envelope', () => {
  it('writes AMQP properties and one header', () => {
    const given = { ...attributes, correlationid: 'c1', datacontenttype: 'application/json', hops: 2 };
    expect(encodeProperties({ attributes: given, body: Buffer.alloc(0) }, true)).toEqual({
      mandatory: true,
      messageId: 'e1',
      type: 'call.started',
      appId: '/connections/pbx',
      correlationId: 'c1',
      contentType: 'application/json',
      headers: { ce: '{"time":"2026-01-02T03:04:05Z","hops":2}' },
    });
    expect(roundTrip(given)).toEqual(given);
  });

  it('keeps attributes that are longer than a short string of AMQP', () => {
    const long = {
      ...attributes,
      source: `/issuers/erp/${'Ж'.repeat(200)}`,
      correlationid: 'к'.repeat(300),
      datacontenttype: `a/${'b'.repeat(300)}`,
    };
    const { appId, correlationId, contentType } = encodeProperties({ attributes: long, body: Buffer.alloc(0) }, true);
    expect([appId, correlationId, contentType]).toEqual([undefined, undefined, undefined]);
    expect(roundTrip(long)).toEqual(long);
  });

  it('keeps the due time of a delayed message beside its attributes', () => {
    const properties = encodeProperties({ attributes, body: Buffer.alloc(0) }, true, 1_767_323_045_678);
    expect(readNotBefore(received(properties).properties)).toBe(1_767_323_045_678);
    expect(decodeMessage(received(properties)).attributes).toEqual(attributes);
  });
});

describe('messages of other publishers', () => {
  it.each(['cloudEvents:', 'cloudEvents_'])('are read by their headers %s<name>', (prefix) => {
    const headers = Object.fromEntries(
      Object.entries({ ...attributes, subject: 's' }).map(([name, value]) => [prefix + name, value]),
    );
    expect(decodeMessage(received({ headers, contentType: 'text/plain' })).attributes).toEqual({
      ...attributes,
      subject: 's',
      datacontenttype: 'text/plain',
    });
  });

  it.each([
    ['utf-8', 'application/json', { datacontenttype: 'application/json; charset=utf-8' }],
    ['UTF-8', undefined, { datacontenttype: 'application/json; charset=utf-8' }],
    ['windows-1251', 'text/xml', { datacontenttype: 'text/xml; charset=windows-1251' }],
    ['identity', 'text/plain', { datacontenttype: 'text/plain' }],
    ['binary', 'text/plain', { datacontenttype: 'text/plain' }],
    ['gzip', 'text/plain', { datacontenttype: 'text/plain', contentencoding: 'gzip' }],
    ['gzip:UTF-8', undefined, { contentencoding: 'gzip:utf-8' }],
  ])('with the content encoding %s are read as encoded or as compressed', (contentEncoding, contentType, expected) => {
    const { datacontenttype, contentencoding } = decodeMessage(received({ contentEncoding, contentType })).attributes;
    expect({ datacontenttype, contentencoding }).toEqual({ datacontenttype: undefined, contentencoding: undefined, ...expected });
  });

  it('keep their compression through the queues of Sluice', () => {
    const { attributes: read } = decodeMessage(received({ contentEncoding: 'gzip', contentType: 'text/plain' }));
    expect(roundTrip(read)).toEqual(read);
  });

  it('get an id from their content, equal at each delivery', () => {
    const first = decodeMessage(received({ headers: { shop: 7 } }, 'order', { redelivered: false })).attributes;
    const second = decodeMessage(
      received({ headers: { shop: 7, 'x-delivery-count': 3 } }, 'order', { redelivered: true }),
    ).attributes;
    const other = decodeMessage(received({ headers: { shop: 8 } }, 'order')).attributes;
    expect(second.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
    expect(first).toMatchObject({ source: '/rabbitmq/events', type: 'call.started' });
  });

  it('get a valid type for any routing key', () => {
    expect(decodeMessage(received({}, '', { routingKey: 'заказ №1' })).attributes.type).toBe('foreign.message');
  });

  it('get a derived id when their own is too long', () => {
    expect(decodeMessage(received({ headers: { 'cloudEvents:id': 'x'.repeat(201) } })).attributes.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(['no JSON', '[1]', 'null'])('are read when their header ce is %s', (ce) => {
    expect(decodeMessage(received({ messageId: 'm', type: 'a.b', appId: 'shop', headers: { ce } })).attributes).toMatchObject({
      id: 'm',
      type: 'a.b',
      source: 'shop',
    });
  });
});
