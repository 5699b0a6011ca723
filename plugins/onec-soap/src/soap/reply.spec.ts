import { describe, expect, it } from '@jest/globals';
import { XS, XSI } from '../xml/names.js';
import { readReply } from './reply.js';

const from = { where: 'Op of S at http://erp/ws', baseUrl: 'http://erp/ws', kind: 'web service' as const, patterns: [] };
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const XML = 'text/xml; charset=utf-8';

const read = (status: number, type: string, body: string) =>
  readReply({ status, headers: type === '' ? {} : { 'content-type': type }, body: Buffer.from(body) }, from);
const envelope = (content: string) =>
  `<e:Envelope xmlns:e="${SOAP}" xmlns:xs="${XS}" xmlns:xsi="${XSI}"><e:Body>${content}</e:Body></e:Envelope>`;
const fault = (text: string) => envelope(`<e:Fault><faultcode>e:Server</faultcode>${text}</e:Fault>`);

describe('readReply', () => {
  it.each([
    ['a web page', 200, 'text/html', '<html/>', 'BAD_ANSWER', 'a web page'],
    ['a page of the web server', 500, 'text/html', '<html/>', 'ONEC_FRONT', 'a page of the web server'],
    ['JSON', 200, 'application/json', '{}', 'BAD_ANSWER', 'application/json, not XML'],
    ['a text without a type', 200, '', 'ok', 'BAD_ANSWER', 'without a content type'],
    ['truncated', 200, XML, envelope('<a/>').slice(0, -20), 'BAD_ANSWER', 'incomplete or not XML'],
    ['not XML', 200, XML, 'Внутренняя ошибка', 'BAD_ANSWER', 'incomplete or not XML'],
    ['two documents', 200, XML, '<a/><b/>', 'BAD_ANSWER', 'it is not one element'],
    ['other XML', 200, XML, '<a/>', 'BAD_ANSWER', 'not SOAP'],
    ['an entity bomb', 200, XML, `<!DOCTYPE a [<!ENTITY b "b">]>${envelope('&b;')}`, 'BAD_ANSWER', 'document type'],
    ['XML with an undefined entity', 200, XML, envelope('<a>&constructor;</a>'), 'BAD_ANSWER', 'not an entity'],
    ['XML with a character that XML does not allow', 200, XML, envelope('<a>&#0;</a>'), 'BAD_ANSWER', 'not a character'],
    ['nested too deep', 200, XML, envelope('<a>'.repeat(10_000) + '</a>'.repeat(10_000)), 'BAD_ANSWER', 'incomplete or not XML'],
    ['an error in XML that is not SOAP', 404, XML, '<a/>', 'NOT_FOUND', '404'],
    ['a page of a proxy', 502, 'application/xhtml+xml', '<!DOCTYPE html><html/>', 'OVERLOADED', '502'],
    ['a truncated error', 401, XML, '<a', 'UNAUTHORIZED', '401'],
    ['an envelope with a bad status and no fault', 502, XML, envelope(''), 'OVERLOADED', '502'],
  ])('explains an answer that is %s', (_what, status, type, body, code, words) => {
    expect(() => read(status, type, body)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });
});

describe('encoding of an answer', () => {
  it.each([
    ['koi8-r', [0xf4, 0xd7, 0xc5, 0xd2, 0xd8], 'Тверь'],
    ['iso-8859-5', [0xc2, 0xd2, 0xd5, 0xe0, 0xec], 'Тверь'],
    ['iso-8859-1', [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72], 'Müller'],
    ['windows-1251', [0xd2, 0xe2, 0xe5, 0xf0, 0xfc], 'Тверь'],
  ])('reads %s as the XML declaration specifies', (encoding, bytes, text) => {
    const [before = '', after = ''] = envelope('<a>#</a>').split('#');
    const body = Buffer.concat([
      Buffer.from(`<?xml version="1.0" encoding="${encoding}"?>${before}`),
      Buffer.from(bytes),
      Buffer.from(after),
    ]);
    expect(readReply({ status: 200, headers: { 'content-type': 'text/xml' }, body }, from)?.text).toBe(text);
  });

  it.each([
    ['UTF-16 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'), 'text/xml'],
    [
      'UTF-8 with a mark, whatever the header says',
      (text: string) => Buffer.from(`\ufeff${text}`),
      'text/xml; charset=windows-1251',
    ],
  ])('reads %s', (_, encode, type) => {
    const body = encode(envelope('<a>Тверь</a>'));
    expect(readReply({ status: 200, headers: { 'content-type': type }, body }, from)?.text).toBe('Тверь');
  });

  it('does not guess an encoding: bytes of another encoding are a bad answer', () => {
    const body = Buffer.concat([Buffer.from('<a>'), Buffer.from([0xd2]), Buffer.from('</a>')]);
    expect(() => readReply({ status: 200, headers: { 'content-type': 'text/xml' }, body }, from)).toThrow(
      expect.objectContaining({ code: 'BAD_ANSWER', message: expect.stringContaining('from offset') }),
    );
  });
});

describe('faults in readReply', () => {
  it.each([
    ['the fault string', fault('<faultstring>Нет остатка</faultstring>'), 'Нет остатка'],
    ['a fault string with CDATA and entities', fault('<faultstring><![CDATA[a <b>]]> &amp; &#1103;</faultstring>'), 'a <b> & я'],
    ['the details when the fault string is empty', fault('<faultstring/><detail><d>Нет остатка</d></detail>'), 'Нет остатка'],
    ['an empty fault', fault(''), '1C refused and gave no reason'],
  ])('takes the message from %s', (_how, body, message) =>
    expect(() => read(500, XML, body)).toThrow(expect.objectContaining({ code: 'ONEC_BUSINESS', message })),
  );

  it('keeps the details of a fault beside its reason', () => {
    const body = fault('<faultstring>Отказ</faultstring><detail><d><code>E17</code><text>нет остатка</text></d></detail>');
    expect(() => read(500, XML, body)).toThrow(
      expect.objectContaining({
        code: 'ONEC_BUSINESS',
        message: 'Отказ',
        options: expect.objectContaining({ details: { text: 'Отказ\nE17 нет остатка' } }),
      }),
    );
  });

  it('recognizes a fault by its details', () => {
    const body = fault('<faultstring>Ошибка</faultstring><detail><d>Конфликт блокировок</d></detail>');
    expect(() => read(500, XML, body)).toThrow(expect.objectContaining({ code: 'ONEC_LOCKED', message: 'Ошибка' }));
  });

  it('reads a fault with its parts in the namespace of the envelope', () => {
    expect(() => read(500, XML, fault('<e:faultstring>Нет остатка</e:faultstring>'))).toThrow('Нет остатка');
  });

  it.each(['VersionMismatch', 'MustUnderstand'])(
    'maps the fault %s to ONEC_SOAP_PROTOCOL, which does not reject the data',
    (code) => {
      const body = envelope(`<e:Fault><faultcode>e:${code}</faultcode><faultstring>wrong</faultstring></e:Fault>`);
      expect(() => read(500, XML, body)).toThrow(
        expect.objectContaining({ code: 'ONEC_SOAP_PROTOCOL', fate: 'fatal', options: expect.objectContaining({ sent: 'no' }) }),
      );
    },
  );

  it('reads the first reason of a SOAP 1.2 fault and keeps the others', () => {
    const soap12 = 'http://www.w3.org/2003/05/soap-envelope';
    const body = `<e:Envelope xmlns:e="${soap12}"><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text xml:lang="ru">Нет остатка</e:Text><e:Text xml:lang="en">no stock</e:Text></e:Reason><e:Detail><d>E17</d></e:Detail></e:Fault></e:Body></e:Envelope>`;
    expect(() => read(500, 'application/soap+xml', body)).toThrow(
      expect.objectContaining({
        message: 'Нет остатка',
        options: expect.objectContaining({ details: { text: 'Нет остатка\nno stock E17' } }),
      }),
    );
  });

  it('throws for a fault with status 200', () =>
    expect(() => read(200, XML, fault('<faultstring>Нет остатка</faultstring>'))).toThrow('Нет остатка'));

  it('recognizes faults about locks, licences and sessions', () => {
    for (const [text, code] of [
      ['Неизвестная ошибка. по причине: Конфликт блокировок при выполнении транзакции', 'ONEC_LOCKED'],
      ['Не обнаружено свободной лицензии!', 'ONEC_LICENCE'],
      ['Сеанс отсутствует или удален', 'ONEC_SESSION_GONE'],
    ])
      expect(() => read(500, XML, fault(`<faultstring>${text}</faultstring>`))).toThrow(expect.objectContaining({ code }));
  });
});

describe('answers in readReply', () => {
  it('accepts an empty answer', () => expect(read(200, '', '')).toBeUndefined());
  it('reads windows-1251 as the header specifies', () => {
    const body = Buffer.concat([
      Buffer.from(`<e:Envelope xmlns:e="${SOAP}"><e:Body><a>`),
      Buffer.from([0xa8, 0xe6]),
      Buffer.from('</a></e:Body></e:Envelope>'),
    ]);
    expect(readReply({ status: 200, headers: { 'content-type': 'text/xml; charset=windows-1251' }, body }, from)?.text).toBe(
      'Ёж',
    );
  });
});
