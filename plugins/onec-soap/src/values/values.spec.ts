import { describe, expect, it } from '@jest/globals';
import { SchemaProblem, Schemas } from '../schema/read-schema.js';
import { CORE, nameIn, XS, XSI } from '../xml/names.js';
import { readXml } from '../xml/read-xml.js';
import { Prefixes } from '../xml/write-xml.js';
import { ValueReader } from './read-value.js';
import { ValueWriter } from './write-value.js';

const NS = 'http://example.org/Обмен';

/** One parameter P of this type, as a schema describes it. */
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

describe('a value', () => {
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
  ])('of the type %s is written without loss: %j', (type, value, text) =>
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
  ])('that does not fit the type %s is refused: %j', (type, value) =>
    expect(write(typed(type), { P: value }).told).toHaveLength(1),
  );

  it('that is nothing is nil where the description allows it, the empty date for a date, and else left out', () => {
    expect(write(typed('xs:string', ' nillable="true"'), { P: null }).xml).toBe('<P xsi:nil="true"/>');
    expect(write(typed('xs:dateTime'), { P: null }).xml).toBe('<P>0001-01-01T00:00:00</P>');
    expect(write(typed('xs:string', ' minOccurs="0"'), { P: null }).xml).toBe('');
  });

  it('that is missing is left out, nil, or refused, as the description says', () => {
    expect(write(typed('xs:string', ' minOccurs="0"'), {})).toEqual({ xml: '', told: [] });
    expect(write(typed('xs:string', ' nillable="true"'), {}).xml).toBe('<P xsi:nil="true"/>');
    expect(write(typed('xs:string'), {}).told).toEqual([': Op needs "P"']);
  });

  it('that is not known yet fits everywhere', () => {
    for (const type of ['xs:string', 'v8:Array', 'xs:anyType', 'v8:ValueTable'])
      expect(write(typed(type), { P: undefined }).told).toEqual([]);
  });

  it('of an enumeration is one of it', () => {
    const type = `<xs:simpleType name="Вид"><xs:restriction base="xs:string"><xs:enumeration value="Опт"/></xs:restriction></xs:simpleType>`;
    const described = parameter('<xs:element name="P" type="tns:Вид"/>', type);
    expect(write(described, { P: 'Опт' }).xml).toBe('<P>Опт</P>');
    expect(write(described, { P: 'Розница' }).told).toEqual(['P: it is one of Опт']);
  });

  it('that may come several times is a list, also when it came once or not at all', () => {
    const many = typed('xs:decimal', ' minOccurs="0" maxOccurs="unbounded"');
    expect(write(many, { P: [1, 2] }).xml).toBe('<P>1</P><P>2</P>');
    expect(write(many, { P: 1 }).xml).toBe('<P>1</P>');
    expect([read(many, '<P>1</P>'), read(many, '')]).toEqual([{ P: [1] }, { P: [] }]);
  });

  it('of a type that extends another has the fields of both, the inherited ones first', () => {
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

  it('that is an attribute has the name of the description, in a namespace only where that says so', () => {
    const type = `<xs:complexType name="T"><xs:attribute name="code"/><xs:attribute name="mark" form="qualified"/></xs:complexType>`;
    const described = parameter('<xs:element name="P" type="tns:T"/>', type);
    const { xml } = write(described, { P: { code: 'A', mark: 'B' } });
    expect(xml).toBe('<P code="A" mark="B"/>');
    expect(read(described, '<P code="A" tns:mark="B"/>')).toEqual({ P: { code: 'A', mark: 'B' } });
  });

  it('with a name that no type has is refused, with the nearest one', () => {
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
  ])('is read as a number only where JavaScript holds exactly this one: %s', (xml, value) =>
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
  ])('of the type %s is read from %s', (type, xml, value) => expect(read(typed(type), xml)).toEqual({ P: value }));

  it('of a kind that nobody describes is read as fields, lists and texts', () =>
    expect(read(typed('xs:anyType'), '<P><a>1</a><b>2</b><b><c/></b></P>')).toEqual({ P: { a: '1', b: ['2', { c: '' }] } }));

  it('beyond the description is let through', () =>
    expect(read(typed('xs:string'), '<P>1</P><Новое>2</Новое>')).toEqual({ P: '1', Новое: '2' }));

  it('may be called as what JavaScript uses itself', () => {
    const structure = '<P><v8:Property name="toString"><v8:Value>x</v8:Value></v8:Property></P>';
    const { P } = read(typed('v8:Structure'), structure) as { P: object };
    expect(Object.entries(P)).toEqual([['toString', 'x']]);
  });
});

describe("1C's own values", () => {
  it('are read as the flow works with them', () => {
    const xml = `<P xmlns="${NS}"><v8:pair><v8:Key xsi:type="xs:string">a</v8:Key><v8:Value xsi:type="xs:decimal">1</v8:Value></v8:pair></P>`;
    expect(read(typed('v8:Map'), xml)).toEqual({ P: { a: 1 } });
    expect(read(typed('v8:Map'), xml.replace('xs:string">a', 'xs:decimal">5'))).toEqual({ P: [{ Key: 5, Value: 1 }] });
  });

  it('are known by xsi:type where any value may stand, whatever the prefix', () => {
    const xml = `<P xmlns:d="${CORE}" xsi:type="d:Array"><d:Value xsi:type="xs:dateTime">2026-02-01T00:00:00</d:Value><d:Value xsi:nil="true"/></P>`;
    expect(read(typed('xs:anyType'), xml)).toEqual({ P: ['2026-02-01T00:00:00', null] });
  });

  it('with keys that are no texts are written as pairs', () => {
    const { xml } = write(typed('v8:Map'), { P: [{ Key: 5, Value: 'x' }] });
    expect(xml).toBe(
      '<P><v8:pair><v8:Key xsi:type="xs:decimal">5</v8:Key><v8:Value xsi:type="xs:string">x</v8:Value></v8:pair></P>',
    );
  });

  it.each(['нет:Такого', 'constructor:X', 'xs:string"><evil/><x a="', '{http://e}a b', 5])(
    'that tell the type %j are refused',
    (type) =>
      expect(write(typed('xs:string'), { P: { '#type': type, '#value': '1' } }).told).toEqual([
        expect.stringContaining('is no type'),
      ]),
  );

  it('that call themselves any type tell which one it is', () => {
    const { xml } = write(typed('xs:anyType'), { P: { '#type': 'xs:anyType', '#value': 'x' } });
    expect(xml).toBe('<P xsi:type="xs:string">x</P>');
  });

  it('that tell their type twice are refused', () => {
    const twice = { '#type': 'xs:string', '#value': { '#type': 'xs:string', '#value': 'x' } };
    expect(write(typed('xs:anyType'), { P: twice }).told).toEqual([expect.stringContaining('tells its type twice')]);
  });

  it('have empty cells where a row lacks a column, whatever its name', () => {
    const { xml, told } = write(typed('v8:ValueTable'), { P: [{ toString: 'x' }, {}] });
    expect(told).toEqual([]);
    expect(xml).toContain('<v8:row><v8:Value xsi:nil="true"/></v8:row>');
  });
});

describe('a description', () => {
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
  ])('with %s is refused when it is asked for', (_what, type) => {
    const { schemas } = parameter('<xs:element name="P" type="tns:A"/>', type);
    expect(() => schemas.get(nameIn(NS, 'A'))).toThrow(SchemaProblem);
  });

  it('of a restriction of nothing is one of a text', () => {
    const described = parameter(
      '<xs:element name="P" type="tns:A"/>',
      '<xs:simpleType name="A"><xs:restriction/></xs:simpleType>',
    );
    expect(write(described, { P: 'x' }).xml).toBe('<P>x</P>');
  });

  it('of a type that holds itself is no trouble', () => {
    const type =
      '<xs:complexType name="Узел"><xs:sequence><xs:element name="Дети" type="tns:Узел" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>';
    const described = parameter('<xs:element name="P" type="tns:Узел"/>', type);
    expect(write(described, { P: { Дети: [{}, { Дети: [{}] }] } }).xml).toBe('<P><Дети/><Дети><Дети/></Дети></P>');
  });
});
