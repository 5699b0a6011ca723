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

describe('an answer that cannot be used', () => {
  it.each([
    ['a web page', 200, 'text/html', '<html/>', 'BAD_ANSWER', 'a web page came'],
    ['a page of the web server', 500, 'text/html', '<html/>', 'ONEC_FRONT', 'a page of the web server'],
    ['JSON', 200, 'application/json', '{}', 'BAD_ANSWER', 'application/json, and no XML'],
    ['a text without a type', 200, '', 'ok', 'BAD_ANSWER', 'of no type'],
    ['cut off', 200, XML, envelope('<a/>').slice(0, -20), 'BAD_ANSWER', 'not whole or no XML'],
    ['not XML', 200, XML, 'Внутренняя ошибка', 'BAD_ANSWER', 'not whole or no XML'],
    ['two documents', 200, XML, '<a/><b/>', 'BAD_ANSWER', 'it is not one element'],
    ['other XML', 200, XML, '<a/>', 'BAD_ANSWER', 'no SOAP'],
    ['a bomb', 200, XML, `<!DOCTYPE a [<!ENTITY b "b">]>${envelope('&b;')}`, 'BAD_ANSWER', 'document type'],
    ['with an entity of nobody', 200, XML, envelope('<a>&constructor;</a>'), 'BAD_ANSWER', 'no entity'],
    ['with a character that XML cannot carry', 200, XML, envelope('<a>&#0;</a>'), 'BAD_ANSWER', 'no character'],
    ['too deep', 200, XML, envelope('<a>'.repeat(10_000) + '</a>'.repeat(10_000)), 'BAD_ANSWER', 'not whole or no XML'],
    ['a refusal in XML that is no SOAP', 404, XML, '<a/>', 'NOT_FOUND', '404'],
    ['a page of a proxy', 502, 'application/xhtml+xml', '<!DOCTYPE html><html/>', 'OVERLOADED', '502'],
    ['a refusal that is cut off', 401, XML, '<a', 'UNAUTHORIZED', '401'],
    ['an envelope with a bad status and no fault', 502, XML, envelope(''), 'OVERLOADED', '502'],
  ])('because it is %s is told in words', (_what, status, type, body, code, words) => {
    expect(() => read(status, type, body)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });
});

describe('the encoding of an answer', () => {
  it.each([
    ['koi8-r', [0xf4, 0xd7, 0xc5, 0xd2, 0xd8], 'Тверь'],
    ['iso-8859-5', [0xc2, 0xd2, 0xd5, 0xe0, 0xec], 'Тверь'],
    ['iso-8859-1', [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72], 'Müller'],
    ['windows-1251', [0xd2, 0xe2, 0xe5, 0xf0, 0xfc], 'Тверь'],
  ])('is %s when its XML declaration says so', (encoding, bytes, text) => {
    const [before = '', after = ''] = envelope('<a>#</a>').split('#');
    const body = Buffer.concat([
      Buffer.from(`<?xml version="1.0" encoding="${encoding}"?>${before}`),
      Buffer.from(bytes),
      Buffer.from(after),
    ]);
    expect(readReply({ status: 200, headers: { 'content-type': 'text/xml' }, body }, from)?.text).toBe(text);
  });

  it.each([
    ['UTF-16 with a mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'), 'text/xml'],
    [
      'UTF-8 with a mark, whatever the header says',
      (text: string) => Buffer.from(`\ufeff${text}`),
      'text/xml; charset=windows-1251',
    ],
  ])('is %s', (_, encode, type) => {
    const body = encode(envelope('<a>Тверь</a>'));
    expect(readReply({ status: 200, headers: { 'content-type': type }, body }, from)?.text).toBe('Тверь');
  });

  it('is not guessed: bytes of another one are a bad answer', () => {
    const body = Buffer.concat([Buffer.from('<a>'), Buffer.from([0xd2]), Buffer.from('</a>')]);
    expect(() => readReply({ status: 200, headers: { 'content-type': 'text/xml' }, body }, from)).toThrow(
      expect.objectContaining({ code: 'BAD_ANSWER', message: expect.stringContaining('from offset') }),
    );
  });
});

describe('a fault', () => {
  it.each([
    ['with its text', fault('<faultstring>Нет остатка</faultstring>'), 'Нет остатка'],
    ['in CDATA and entities', fault('<faultstring><![CDATA[a <b>]]> &amp; &#1103;</faultstring>'), 'a <b> & я'],
    ['with the text in its details alone', fault('<faultstring/><detail><d>Нет остатка</d></detail>'), 'Нет остатка'],
    ['without a word', fault(''), '1C refused and gave no reason'],
  ])('is told %s', (_how, body, message) =>
    expect(() => read(500, XML, body)).toThrow(expect.objectContaining({ code: 'ONEC_BUSINESS', message })),
  );

  it('keeps its details beside its reason', () => {
    const body = fault('<faultstring>Отказ</faultstring><detail><d><code>E17</code><text>нет остатка</text></d></detail>');
    expect(() => read(500, XML, body)).toThrow(
      expect.objectContaining({
        code: 'ONEC_BUSINESS',
        message: 'Отказ',
        options: expect.objectContaining({ details: { text: 'Отказ\nE17 нет остатка' } }),
      }),
    );
  });

  it('is told by its details as well', () => {
    const body = fault('<faultstring>Ошибка</faultstring><detail><d>Конфликт блокировок</d></detail>');
    expect(() => read(500, XML, body)).toThrow(expect.objectContaining({ code: 'ONEC_LOCKED', message: 'Ошибка' }));
  });

  it('may have its parts in the namespace of the envelope', () => {
    expect(() => read(500, XML, fault('<e:faultstring>Нет остатка</e:faultstring>'))).toThrow('Нет остатка');
  });

  it.each(['VersionMismatch', 'MustUnderstand'])('%s is no refusal of the data: nothing was carried out', (code) => {
    const body = envelope(`<e:Fault><faultcode>e:${code}</faultcode><faultstring>wrong</faultstring></e:Fault>`);
    expect(() => read(500, XML, body)).toThrow(
      expect.objectContaining({ code: 'ONEC_SOAP_PROTOCOL', fate: 'fatal', options: expect.objectContaining({ sent: 'no' }) }),
    );
  });

  it('of SOAP 1.2 is read with its first reason, and keeps the others', () => {
    const soap12 = 'http://www.w3.org/2003/05/soap-envelope';
    const body = `<e:Envelope xmlns:e="${soap12}"><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text xml:lang="ru">Нет остатка</e:Text><e:Text xml:lang="en">no stock</e:Text></e:Reason><e:Detail><d>E17</d></e:Detail></e:Fault></e:Body></e:Envelope>`;
    expect(() => read(500, 'application/soap+xml', body)).toThrow(
      expect.objectContaining({
        message: 'Нет остатка',
        options: expect.objectContaining({ details: { text: 'Нет остатка\nno stock E17' } }),
      }),
    );
  });

  it('is one also when the status says that all is well', () =>
    expect(() => read(200, XML, fault('<faultstring>Нет остатка</faultstring>'))).toThrow('Нет остатка'));

  it('that tells of a lock, of a licence or of a session is what it tells of', () => {
    for (const [text, code] of [
      ['Неизвестная ошибка. по причине: Конфликт блокировок при выполнении транзакции', 'ONEC_LOCKED'],
      ['Не обнаружено свободной лицензии!', 'ONEC_LICENCE'],
      ['Сеанс отсутствует или удален', 'ONEC_SESSION_GONE'],
    ])
      expect(() => read(500, XML, fault(`<faultstring>${text}</faultstring>`))).toThrow(expect.objectContaining({ code }));
  });
});

describe('an answer', () => {
  it('may be empty', () => expect(read(200, '', '')).toBeUndefined());
  it('in windows-1251 is read by what the header says', () => {
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
