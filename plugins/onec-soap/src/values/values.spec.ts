import { describe, expect, it } from '@jest/globals';
import { SchemaProblem, Schemas } from '../schema/read-schema.js';
import { CORE, nameIn, XS, XSI } from '../xml/names.js';
import { readXml } from '../xml/read-xml.js';
import { Prefixes } from '../xml/write-xml.js';
import { ValueReader } from './read-value.js';
import { ValueWriter } from './write-value.js';

const NS = 'http://example.org/Обмен';

/** Returns an operation with one parameter P of this type. */
function parameter(element: string, types = '') {
  const schema = readXml(
    `<xs:schema xmlns:xs="${XS}" xmlns:tns="${NS}" xmlns:v8="${CORE}" targetNamespace="${NS}" elementFormDefault="qualified">
      <xs:element name="Op"><xs:complexType><xs:sequence>${element}</xs:sequence></xs:complexType></xs:element>${types}
    </xs:schema>`,
  );
  const schemas = new Schemas([schema], NS);
  return { schemas, fields: schemas.fieldsOf(nameIn(NS, 'Op')) ?? [] };
}

interface Written {
  readonly xml: string;
  readonly told: readonly string[];
}

function write({ schemas, fields }: ReturnType<typeof parameter>, values: unknown): Written {
  const prefixes = new Prefixes();
  const writer = new ValueWriter(schemas, prefixes, 'Europe/Moscow');
  const { content } = writer.fields(fields, values, [], 'Op');
  return {
    xml: content.replaceAll('n3:', ''),
    told: writer.problems.map(({ path, message }) => `${path.join('.')}: ${message}`),
  };
}

function read({ schemas, fields }: ReturnType<typeof parameter>, content: string): unknown {
  const element = readXml(
    `<Op xmlns="${NS}" xmlns:xs="${XS}" xmlns:xsi="${XSI}" xmlns:v8="${CORE}" xmlns:tns="${NS}">${content}</Op>`,
  );
  return new ValueReader(schemas).fields(fields, element);
}

const typed = (type: string, more = '') => parameter(`<xs:element name="P" type="${type}"${more}/>`);

describe('values', () => {
  it.each([
    ['xs:string', 'a < b & "c"\r\n', 'a &lt; b &amp; "c"&#13;\n'],
    ['xs:string', 7_707_083_893, '7707083893'],
    ['xs:string', '  blanks  ', '  blanks  '],
    ['xs:boolean', false, 'false'],
    ['xs:decimal', 0.1, '0.1'],
    ['xs:decimal', 1e-7, '0.0000001'],
    ['xs:decimal', -1.5e-7, '-0.00000015'],
    ['xs:decimal', '12345678901234567890.123', '12345678901234567890.123'],
    ['xs:integer', 5, '5'],
    ['xs:dateTime', '2026-02-01T10:00:00+03:00', '2026-02-01T10:00:00'],
    ['xs:dateTime', '2026-01-31T22:00:00Z', '2026-02-01T01:00:00'],
    ['xs:date', '2026-02-01', '2026-02-01'],
    ['xs:base64Binary', '0J/RgNC40LLQtdGC', '0J/RgNC40LLQtdGC'],
    ['v8:UUID', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001'],
  ])('writes a value of the type %s without loss: %j', (type, value, text) =>
    expect(write(typed(type), { P: value })).toEqual({ xml: `<P>${text}</P>`, told: [] }),
  );

  it.each([
    ['xs:decimal', 'десять'],
    ['xs:decimal', 2 ** 64],
    ['xs:integer', 1.5],
    ['xs:boolean', 'да'],
    ['xs:dateTime', '01.02.2026'],
    ['xs:base64Binary', 'не base64'],
    ['xs:string', { a: 1 }],
    ['xs:string', 'a\u0000b'],
    ['xs:string', 'half \ud800'],
    ['v8:Structure', 'text'],
    ['v8:Array', { a: 1 }],
    ['xs:string', null],
  ])('rejects a value that does not match the type %s: %j', (type, value) =>
    expect(write(typed(type), { P: value }).told).toHaveLength(1),
  );

  it('writes null as nil where the WSDL allows it, as the empty date for a date, and otherwise omits it', () => {
    expect(write(typed('xs:string', ' nillable="true"'), { P: null }).xml).toBe('<P xsi:nil="true"/>');
    expect(write(typed('xs:dateTime'), { P: null }).xml).toBe('<P>0001-01-01T00:00:00</P>');
    expect(write(typed('xs:string', ' minOccurs="0"'), { P: null }).xml).toBe('');
  });

  it('omits an absent value, writes nil or rejects it, as the WSDL specifies', () => {
    expect(write(typed('xs:string', ' minOccurs="0"'), {})).toEqual({ xml: '', told: [] });
    expect(write(typed('xs:string', ' nillable="true"'), {}).xml).toBe('<P xsi:nil="true"/>');
    expect(write(typed('xs:string'), {}).told).toEqual([': Op needs "P"']);
  });

  it('accepts a value that is not known yet for every type', () => {
    for (const type of ['xs:string', 'v8:Array', 'xs:anyType', 'v8:ValueTable'])
      expect(write(typed(type), { P: undefined }).told).toEqual([]);
  });

  it('accepts only the values of an enumeration', () => {
    const type = `<xs:simpleType name="Вид"><xs:restriction base="xs:string"><xs:enumeration value="Опт"/></xs:restriction></xs:simpleType>`;
    const described = parameter('<xs:element name="P" type="tns:Вид"/>', type);
    expect(write(described, { P: 'Опт' }).xml).toBe('<P>Опт</P>');
    expect(write(described, { P: 'Розница' }).told).toEqual(['P: the value must be one of Опт']);
  });

  it('reads an element that may repeat as a list, also for one or no element', () => {
    const many = typed('xs:decimal', ' minOccurs="0" maxOccurs="unbounded"');
    expect(write(many, { P: [1, 2] }).xml).toBe('<P>1</P><P>2</P>');
    expect(write(many, { P: 1 }).xml).toBe('<P>1</P>');
    expect([read(many, '<P>1</P>'), read(many, '')]).toEqual([{ P: [1] }, { P: [] }]);
  });

  it('writes the fields of a base type before those of the derived type', () => {
    const types = `
      <xs:complexType name="База"><xs:sequence><xs:element name="А" type="xs:string"/></xs:sequence></xs:complexType>
      <xs:complexType name="Тип"><xs:complexContent><xs:extension base="tns:База"><xs:sequence><xs:element name="Б" type="xs:string"/></xs:sequence>
        <xs:attribute name="в" type="xs:integer"/></xs:extension></xs:complexContent></xs:complexType>`;
    const described = parameter('<xs:element name="P" type="tns:Тип"/>', types);
    expect(write(described, { P: { Б: '2', А: '1', в: 3 } }).xml).toBe('<P в="3"><А>1</А><Б>2</Б></P>');
    expect(read(described, '<P в="3"><А>1</А><Б>2</Б></P>')).toEqual({ P: { А: '1', Б: '2', в: 3 } });
    const base = parameter('<xs:element name="P" type="tns:База"/>', types);
    const other = { '#type': 'Тип', '#value': { А: '1', Б: '2' } };
    expect(write(base, { P: other })).toEqual({ xml: '<P xsi:type="Тип"><А>1</А><Б>2</Б></P>', told: [] });
    expect(read(base, '<P xsi:type="tns:Тип"><А>1</А><Б>2</Б></P>')).toEqual({ P: { А: '1', Б: '2' } });
  });

  it('writes an attribute with a namespace only where the WSDL specifies it', () => {
    const type = `<xs:complexType name="T"><xs:attribute name="code"/><xs:attribute name="mark" form="qualified"/></xs:complexType>`;
    const described = parameter('<xs:element name="P" type="tns:T"/>', type);
    const { xml } = write(described, { P: { code: 'A', mark: 'B' } });
    expect(xml).toBe('<P code="A" mark="B"/>');
    expect(read(described, '<P code="A" tns:mark="B"/>')).toEqual({ P: { code: 'A', mark: 'B' } });
  });

  it('rejects an unknown field and suggests the most similar one', () => {
    const writer = new ValueWriter(typed('xs:string').schemas, new Prefixes(), undefined);
    writer.fields(typed('xs:string').fields, { P: 'x', Р: 'y' }, [], 'Op'); // the second is Cyrillic
    expect(writer.problems).toMatchObject([{ path: ['Р'], key: true }]);
  });

  it.each([
    ['<P>12.50</P>', 12.5],
    ['<P>+007</P>', 7],
    ['<P>-0.0</P>', 0],
    ['<P>9007199254740993</P>', '9007199254740993'],
    ['<P>0.1000000000000000055</P>', '0.1000000000000000055'],
    ['<P>0.0000001</P>', 1e-7],
    ['<P>1 233,05</P>', '1 233,05'],
    ['<P xsi:nil="true"/>', null],
  ])('reads a decimal as a number only where JavaScript can represent it exactly: %s', (xml, value) =>
    expect(read(typed('xs:decimal'), xml)).toEqual({ P: value }),
  );

  it.each([
    ['xs:dateTime', '<P>0001-01-01T00:00:00</P>', null],
    ['xs:dateTime', '<P> 2026-02-01T10:00:00 </P>', '2026-02-01T10:00:00'],
    ['xs:boolean', '<P>1</P>', true],
    ['xs:base64Binary', '<P>0J/R\r\ngNC4</P>', '0J/RgNC4'],
    ['xs:double', '<P>INF</P>', 'INF'],
    ['xs:string', '<P><![CDATA[<a/>]]> </P>', '<a/> '],
    ['xs:string', '<P/>', ''],
    ['v8:UUID', '<P>u</P>', 'u'],
  ])('reads a value of the type %s from %s', (type, xml, value) => expect(read(typed(type), xml)).toEqual({ P: value }));

  it('reads a value of an undescribed type as fields, lists and strings', () =>
    expect(read(typed('xs:anyType'), '<P><a>1</a><b>2</b><b><c/></b></P>')).toEqual({ P: { a: '1', b: ['2', { c: '' }] } }));

  it('reads elements that the WSDL does not describe', () =>
    expect(read(typed('xs:string'), '<P>1</P><Новое>2</Новое>')).toEqual({ P: '1', Новое: '2' }));

  it('keeps fields named like properties of JavaScript objects', () => {
    const structure = '<P><v8:Property name="toString"><v8:Value>x</v8:Value></v8:Property></P>';
    const { P } = read(typed('v8:Structure'), structure) as { P: object };
    expect(Object.entries(P)).toEqual([['toString', 'x']]);
  });
});

describe('values of the 1C platform', () => {
  it('reads structures, maps, arrays and tables', () => {
    const xml = `<P xmlns="${NS}"><v8:pair><v8:Key xsi:type="xs:string">a</v8:Key><v8:Value xsi:type="xs:decimal">1</v8:Value></v8:pair></P>`;
    expect(read(typed('v8:Map'), xml)).toEqual({ P: { a: 1 } });
    expect(read(typed('v8:Map'), xml.replace('xs:string">a', 'xs:decimal">5'))).toEqual({ P: [{ Key: 5, Value: 1 }] });
  });

  it('recognizes xsi:type with any prefix where any value is allowed', () => {
    const xml = `<P xmlns:d="${CORE}" xsi:type="d:Array"><d:Value xsi:type="xs:dateTime">2026-02-01T00:00:00</d:Value><d:Value xsi:nil="true"/></P>`;
    expect(read(typed('xs:anyType'), xml)).toEqual({ P: ['2026-02-01T00:00:00', null] });
  });

  it('writes a map with keys that are not strings as pairs', () => {
    const { xml } = write(typed('v8:Map'), { P: [{ Key: 5, Value: 'x' }] });
    expect(xml).toBe(
      '<P><v8:pair><v8:Key xsi:type="xs:decimal">5</v8:Key><v8:Value xsi:type="xs:string">x</v8:Value></v8:pair></P>',
    );
  });

  it.each(['нет:Такого', 'constructor:X', 'xs:string"><evil/><x a="', '{http://e}a b', 5])(
    'rejects a value with the type %j',
    (type) =>
      expect(write(typed('xs:string'), { P: { '#type': type, '#value': '1' } }).told).toEqual([
        expect.stringContaining('is not a type'),
      ]),
  );

  it('writes the actual type of a value with the type xs:anyType', () => {
    const { xml } = write(typed('xs:anyType'), { P: { '#type': 'xs:anyType', '#value': 'x' } });
    expect(xml).toBe('<P xsi:type="xs:string">x</P>');
  });

  it('rejects a value with #type twice', () => {
    const twice = { '#type': 'xs:string', '#value': { '#type': 'xs:string', '#value': 'x' } };
    expect(write(typed('xs:anyType'), { P: twice }).told).toEqual([expect.stringContaining('has #type twice')]);
  });

  it('writes empty cells where a row lacks a column', () => {
    const { xml, told } = write(typed('v8:ValueTable'), { P: [{ toString: 'x' }, {}] });
    expect(told).toEqual([]);
    expect(xml).toContain('<v8:row><v8:Value xsi:nil="true"/></v8:row>');
  });
});

describe('schemas', () => {
  it.each([
    [
      'a type that extends itself',
      '<xs:complexType name="A"><xs:complexContent><xs:extension base="tns:A"/></xs:complexContent></xs:complexType>',
    ],
    [
      'simple types that restrict each other',
      '<xs:simpleType name="A"><xs:restriction base="tns:B"/></xs:simpleType><xs:simpleType name="B"><xs:restriction base="tns:A"/></xs:simpleType>',
    ],
    ['groups', '<xs:complexType name="A"><xs:group ref="tns:G"/></xs:complexType>'],
  ])('rejects a schema with %s when it is used', (_what, type) => {
    const { schemas } = parameter('<xs:element name="P" type="tns:A"/>', type);
    expect(() => schemas.get(nameIn(NS, 'A'))).toThrow(SchemaProblem);
  });

  it('handles a restriction without a base as a string', () => {
    const described = parameter(
      '<xs:element name="P" type="tns:A"/>',
      '<xs:simpleType name="A"><xs:restriction/></xs:simpleType>',
    );
    expect(write(described, { P: 'x' }).xml).toBe('<P>x</P>');
  });

  it('reads a type that contains itself', () => {
    const type =
      '<xs:complexType name="Узел"><xs:sequence><xs:element name="Дети" type="tns:Узел" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>';
    const described = parameter('<xs:element name="P" type="tns:Узел"/>', type);
    expect(write(described, { P: { Дети: [{}, { Дети: [{}] }] } }).xml).toBe('<P><Дети/><Дети><Дети/></Дети></P>');
  });
});
