import { describe, expect, it } from '@jest/globals';
import { parseBody, refuseEncoded, writeBody } from './body.js';

const bytes = (text: string) => Buffer.from(text);

describe('parseBody', () => {
  it.each([
    ['application/json', '{"а":[1]}', { а: [1] }],
    ['application/cloudevents+json; charset=utf-8', '1', 1],
    ['application/xml', '<a/>', '<a/>'],
    ['text/plain', 'привет', 'привет'],
    ['application/x-www-form-urlencoded', 'a=1&b=%D1%84', { a: '1', b: 'ф' }],
    ['image/png', '', undefined],
  ])('reads a body of type %s', (type, text, value) => {
    expect(parseBody(type, bytes(text))).toEqual(value);
  });

  it('throws MEDIA_TYPE for any other type', () => {
    expect(() => parseBody('image/png', bytes('x'))).toThrow(expect.objectContaining({ code: 'MEDIA_TYPE' }));
    expect(() => parseBody('', bytes('x'))).toThrow('no Content-Type');
  });

  it('refuses JSON that is declared as a form, as curl does by default', () => {
    expect(() => parseBody('application/x-www-form-urlencoded', bytes(' {"a":1}'))).toThrow(
      'send the header Content-Type: application/json',
    );
  });

  it('throws BODY_INVALID for bytes that are not UTF-8', () => {
    expect(() => parseBody('text/plain', Buffer.from([0xd0]))).toThrow(expect.objectContaining({ code: 'BODY_INVALID' }));
  });
});

const XML = 'application/xml';
const koi8r = Buffer.from([0xf4, 0xd7, 0xc5, 0xd2, 0xd8]);
const iso5 = Buffer.from([0xc2, 0xd2, 0xd5, 0xe0, 0xec]);
const cp1251 = Buffer.from([0xd2, 0xe2, 0xe5, 0xf0, 0xfc]);
const declared = (encoding: string, content: Buffer) =>
  Buffer.concat([Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><a>`), content, Buffer.from('</a>')]);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const marked = (mark: number[], body: Buffer) => Buffer.concat([Buffer.from(mark), body]);

describe('the encoding of parseBody', () => {
  it.each([
    [
      'the encoding of the XML declaration',
      XML,
      declared('koi8-r', koi8r),
      '<?xml version="1.0" encoding="koi8-r"?><a>Тверь</a>',
    ],
    [
      'a declaration of ISO 8859-5',
      'text/xml',
      declared('iso-8859-5', iso5),
      '<?xml version="1.0" encoding="iso-8859-5"?><a>Тверь</a>',
    ],
    [
      'a declaration of windows-1251',
      'application/soap+xml',
      declared('Windows-1251', cp1251),
      '<?xml version="1.0" encoding="Windows-1251"?><a>Тверь</a>',
    ],
    [
      'the encoding of the header before that of the declaration',
      `${XML}; charset=windows-1251`,
      declared('koi8-r', cp1251),
      '<?xml version="1.0" encoding="koi8-r"?><a>Тверь</a>',
    ],
    [
      'the encoding of the mark before that of the header',
      'text/plain; charset=windows-1251',
      marked([0xef, 0xbb, 0xbf], bytes('Тверь')),
      'Тверь',
    ],
    ['UTF-16 by the mark', XML, marked([0xff, 0xfe], Buffer.from('<a>Тверь</a>', 'utf16le')), '<a>Тверь</a>'],
    ['big-endian UTF-16 by the mark', 'text/plain', marked([0xfe, 0xff], utf16be('Тверь')), 'Тверь'],
    ['UTF-16 of XML without a mark', XML, utf16be('<a>Тверь</a>'), '<a>Тверь</a>'],
    ['UTF-16 of JSON without a mark', 'application/json', Buffer.from('{"a":"Тверь"}', 'utf16le'), { a: 'Тверь' }],
    ['UTF-16 that the header names', 'application/json; charset=utf-16', utf16be('["Тверь"]'), ['Тверь']],
    [
      'the encoding of the header in JSON',
      'application/json; charset="windows-1251"',
      Buffer.concat([bytes('["'), cp1251, bytes('"]')]),
      ['Тверь'],
    ],
    ['UTF-8 with a mark in JSON', 'application/json', marked([0xef, 0xbb, 0xbf], bytes('{"n":1}')), { n: 1 }],
    [
      'the encoding of <meta> in HTML',
      'text/html',
      Buffer.concat([bytes('<html><meta charset="koi8-r">'), koi8r]),
      '<html><meta charset="koi8-r">Тверь',
    ],
    ['latin-1', 'text/plain; charset=iso-8859-1', Buffer.from('Müller é', 'latin1'), 'Müller é'],
    ['IBM866', 'text/plain; charset=cp866', Buffer.from([0x92]), 'Т'],
  ])('reads %s', (_, type, body, value) => {
    expect(parseBody(type, body)).toEqual(value);
  });

  it.each([
    [
      'an unknown charset',
      'text/plain; charset=klingon',
      bytes('x'),
      'MEDIA_TYPE',
      'names the charset "klingon", which is not known',
    ],
    ['an unknown encoding of a declaration', XML, declared('x-secret', cp1251), 'MEDIA_TYPE', 'names the charset "x-secret"'],
    ['two charsets', 'text/plain; charset=utf-8; charset=koi8-r', bytes('x'), 'MEDIA_TYPE', 'two different charsets'],
    ['UTF-32', 'text/plain', marked([0xff, 0xfe, 0, 0], Buffer.from([0x41, 0, 0, 0])), 'MEDIA_TYPE', 'UTF-32'],
    [
      'bytes that are not UTF-8',
      'application/json',
      Buffer.concat([bytes('["'), cp1251, bytes('"]')]),
      'BODY_INVALID',
      'the body is not UTF-8: its bytes cannot be read from offset',
    ],
    [
      'bytes past 127 in ASCII',
      'text/plain; charset=us-ascii',
      cp1251,
      'BODY_INVALID',
      'not ascii: its bytes cannot be read from offset 0',
    ],
    ['a byte that windows-1251 does not have', 'text/plain; charset=windows-1251', bytes('aИ'), 'BODY_INVALID', 'offset 2'],
    ['half a character of UTF-16', XML, marked([0xff, 0xfe], Buffer.from([0x3c, 0, 0x3f])), 'BODY_INVALID', 'not utf-16le'],
    [
      'UTF-16 whose byte order is not named',
      'text/plain; charset=utf-16',
      utf16be('Тверь'),
      'BODY_INVALID',
      'no byte order mark',
    ],
    [
      'a declaration of UTF-16 in bytes of 8 bits',
      XML,
      declared('utf-16', bytes('x')),
      'BODY_INVALID',
      'the document names utf-16',
    ],
  ])('refuses %s', (_, type, body, code, message) => {
    expect(() => parseBody(type, body)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  it('reports the offset of the first bad byte, also far after the beginning', () => {
    const body = Buffer.concat([Buffer.alloc(10_000, 0x41), cp1251]);
    expect(() => parseBody('text/plain', body)).toThrow('from offset 10001 on');
  });
});

describe('parseBody of a form', () => {
  const form = (type: string, text: string) => parseBody(`application/x-www-form-urlencoded${type}`, Buffer.from(text, 'latin1'));

  it('returns a list for a field that occurs several times', () => {
    expect(form('', 'a=1&b=x+y&a=2&a=&c')).toEqual({ a: ['1', '2', ''], b: 'x y', c: '' });
  });

  it.each([
    ['that the header names', '; charset=windows-1251', 'name=%D2%E2%E5%F0%FC'],
    ['that the header names, without percent-encoding', '; charset=windows-1251', 'name=\u00d2\u00e2\u00e5\u00f0\u00fc'],
    ['that the field _charset_ names', '', 'name=%D2%E2%E5%F0%FC&_charset_=windows-1251'],
    ['UTF-8 by default', '', 'name=%D0%A2%D0%B2%D0%B5%D1%80%D1%8C'],
  ])('decodes the character set %s', (_, type, text) => {
    expect(form(type, text)).toMatchObject({ name: 'Тверь' });
  });

  it.each([
    ['bytes of another character set', '', 'n=1&name=%D2%E2%E5%F0%FC', 'the form cannot be read: field 2 is not utf-8'],
    ['half a percent-encoding', '', 'a=100%', 'field 1: % is not followed by two hex digits'],
    ['an unknown character set', '; charset=klingon', 'a=1', 'the charset "klingon"'],
    ['more than 10,000 fields', '', 'a&'.repeat(10_001), 'more than 10000 fields'],
  ])('refuses %s', (_, type, text, message) => {
    expect(() => form(type, text)).toThrow(message);
  });
});

describe('writeBody', () => {
  it.each([
    ['text/plain; charset=windows-1251', 'Тверь №5'],
    ['text/plain; charset=koi8-r', 'Тверь'],
    ['text/plain; charset=utf-16', 'Тверь'],
    ['text/plain; charset=utf-16be', 'Тверь'],
    [XML, '<?xml version="1.0" encoding="windows-1251"?><a>Тверь</a>'],
    [`${XML}; charset=utf-8`, '<?xml version="1.0" encoding="windows-1251"?><a>Тверь</a>'],
    ['application/json; charset=windows-1251', { a: 'Тверь' }],
    ['application/json', '12'],
  ])('writes a body of type %s that parseBody reads as the same data', (type, data) => {
    expect(parseBody(type, writeBody(type, data))).toEqual(data);
  });

  it('encodes XML in the encoding that its declaration names', () => {
    expect(writeBody(XML, '<?xml version="1.0" encoding="koi8-r"?><a>Тверь</a>')).toEqual(declared('koi8-r', koi8r));
  });

  it.each([
    [
      'a character that the encoding does not have',
      'text/plain; charset=windows-1251',
      'aбв→',
      'position 3 cannot be written in windows-1251',
    ],
    ['half of a pair', 'text/plain', 'a\ud800', 'position 1 cannot be written in utf-8'],
    ['an encoding of several bytes', 'text/plain; charset=gb18030', 'a', 'cannot be written in gb18030'],
  ])('refuses %s', (_, type, data, message) => {
    expect(() => writeBody(type, data)).toThrow(message);
  });
});

describe('refuseEncoded', () => {
  it('throws MEDIA_TYPE unless the encoding is identity', () => {
    expect(() => refuseEncoded('gzip')).toThrow(expect.objectContaining({ code: 'MEDIA_TYPE' }));
    expect(() => {
      refuseEncoded(undefined);
      refuseEncoded('Identity');
    }).not.toThrow();
  });
});
