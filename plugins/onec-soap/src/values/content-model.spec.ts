import { describe, expect, it } from '@jest/globals';
import { withChameleons } from '../schema/chameleon.js';
import { SchemaProblem, Schemas } from '../schema/read-schema.js';
import { nameIn, XS, XSI } from '../xml/names.js';
import { readXml } from '../xml/read-xml.js';
import { Prefixes } from '../xml/write-xml.js';
import { ValueReader } from './read-value.js';
import { unresolvedIn } from './unresolved.js';
import { ValueWriter } from './write-value.js';

const NS = 'http://example.org/S';
const OTHER = 'http://example.org/package';

const schemaOf = (content: string, ns = NS) =>
  readXml(
    `<xs:schema xmlns:xs="${XS}" xmlns:t="${NS}" xmlns:o="${OTHER}" targetNamespace="${ns}" elementFormDefault="qualified">${content}</xs:schema>`,
  );

/** Returns an operation whose parameters have this content model. */
function described(model: string, types = '', more = '') {
  const schemas = [schemaOf(`<xs:element name="Op"><xs:complexType>${model}</xs:complexType></xs:element>${types}`)];
  if (more !== '') schemas.push(schemaOf(more, OTHER));
  const all = new Schemas(schemas, NS);
  const op = nameIn(NS, 'Op');
  return { types: all, fields: all.fieldsOf(op) ?? [], rules: all.rulesOf(op) };
}

function write({ types, fields, rules }: ReturnType<typeof described>, values: unknown) {
  const writer = new ValueWriter(types, new Prefixes(), undefined);
  const { attributes, content } = writer.fields(fields, values, [], 'Op', rules);
  const problems = writer.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return problems.length > 0 ? problems : attributes + content.replaceAll(/n\d:/g, '');
}

const read = ({ types, fields, rules }: ReturnType<typeof described>, content: string, attributes = '') =>
  new ValueReader(types).fields(
    fields,
    readXml(
      `<Op xmlns="${NS}" xmlns:xsi="${XSI}" xmlns:xs="${XS}" xmlns:t="${NS}" xmlns:o="${OTHER}"${attributes}>${content}</Op>`,
    ),
    rules,
  );

const text = (name: string, more = '') => `<xs:element name="${name}" type="xs:string"${more}/>`;

describe('xs:choice', () => {
  const choice = described(
    `<xs:choice>${text('A')}<xs:sequence>${text('B')}${text('C')}${text('D', ' minOccurs="0"')}</xs:sequence></xs:choice>`,
  );

  it.each([
    [{ A: '1' }, '<A>1</A>'],
    [{ B: '1', C: '2' }, '<B>1</B><C>2</C>'],
    [{}, [': Op needs one of A, or B with C with D']],
    [{ A: '1', B: '2', C: '3' }, [': Op takes either A, or B with C with D, but only one of them']],
    [{ B: '1' }, [': Op needs C beside B']],
  ])('accepts exactly one complete alternative: %j', (values, written) => expect(write(choice, values)).toEqual(written));

  it('allows an optional choice to be absent', () => {
    expect(write(described(`<xs:choice minOccurs="0">${text('A')}${text('B')}</xs:choice>`), {})).toBe('');
  });

  it('accepts several alternatives of a repeated choice', () => {
    const many = described(`<xs:choice maxOccurs="unbounded">${text('A')}${text('B')}</xs:choice>`);
    expect(write(many, { A: ['1', '2'], B: ['3'] })).toBe('<A>1</A><A>2</A><B>3</B>');
    expect(write(many, {})).toEqual([': Op needs one of A with B']);
  });

  it('accepts alternatives that begin with the same element', () => {
    const alike = described(
      `<xs:choice><xs:sequence>${text('A')}${text('B')}</xs:sequence><xs:sequence>${text('A')}${text('C')}</xs:sequence></xs:choice>`,
    );
    expect(write(alike, { A: '1', C: '2' })).toBe('<A>1</A><C>2</C>');
    expect(write(alike, { B: '1', C: '2' })).toEqual([expect.stringContaining('takes either')]);
  });
});

describe('substitution groups', () => {
  const elements = `<xs:element name="Item" type="xs:decimal" abstract="true"/><xs:element name="Rub" substitutionGroup="t:Item"/><xs:element name="Usd" type="xs:string" substitutionGroup="t:Rub"/>`;
  const group = described('<xs:sequence><xs:element ref="t:Item"/></xs:sequence>', elements);

  it.each([
    [{ Rub: 1.5 }, '<Rub>1.5</Rub>'],
    [{ Usd: 'x' }, '<Usd>x</Usd>'],
    [{ Rub: 'x' }, [expect.stringContaining('Rub: decimal is a number')]],
    [{}, [': Op needs one of Rub, or Usd']],
    [{ Rub: 1, Usd: 'x' }, [': Op takes either Rub, or Usd, but only one of them']],
    [{ Item: 1 }, [expect.stringContaining('Op has no "Item"'), ': Op needs one of Rub, or Usd']],
  ])('writes the members of a group: %j', (values, written) => expect(write(group, values)).toEqual(written));

  it('reads the members of a group, with the type of the head where they have none', () => {
    expect(read(group, '<Rub>1.50</Rub>')).toEqual({ Rub: 1.5 });
  });

  it('accepts a head that is not abstract', () => {
    const open = described(
      '<xs:sequence><xs:element ref="t:Item" maxOccurs="unbounded"/></xs:sequence>',
      elements.replace(' abstract="true"', ''),
    );
    expect(write(open, { Item: [1], Usd: ['x', 'y'] })).toBe('<Item>1</Item><Usd>x</Usd><Usd>y</Usd>');
  });

  it('rejects a group without members', () => {
    const lonely = described(
      '<xs:sequence><xs:element ref="t:Item"/></xs:sequence>',
      '<xs:element name="Item" type="xs:decimal" abstract="true"/>',
    );
    expect(write(lonely, { Item: 1 })).toEqual([expect.stringContaining('Item: the element is the abstract head')]);
  });
});

describe('xs:any', () => {
  it('rejects a required xs:any', () => {
    expect(write(described(`<xs:sequence>${text('A')}<xs:any/></xs:sequence>`), { A: '1' })).toEqual([
      expect.stringContaining('Op needs an element that the WSDL does not describe (xs:any)'),
    ]);
  });

  it.each([
    ['optional', `<xs:sequence>${text('A')}<xs:any minOccurs="0"/></xs:sequence>`],
    ['an alternative', `<xs:choice>${text('A')}<xs:any/></xs:choice>`],
  ])('omits an xs:any that is %s, and mentions it when a flow writes an unknown field', (_, model) => {
    const open = described(model);
    expect(write(open, { A: '1' })).toBe('<A>1</A>');
    expect(write(open, { A: '1', B: '2' })).toEqual([expect.stringMatching(/has no "B"; it has A; .*xs:any/)]);
  });
});

describe('types', () => {
  it('reads a type that contains itself through an element', () => {
    const { types, fields } = described(
      '<xs:sequence><xs:element ref="t:Node"/></xs:sequence>',
      `<xs:element name="Node"><xs:complexType><xs:sequence>${text('A')}<xs:element ref="t:Node" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>`,
    );
    expect(unresolvedIn(types, fields)).toEqual([]);
    expect(write({ types, fields, rules: [] }, { Node: { A: '1', Node: { A: '2' } } })).toBe(
      '<Node><A>1</A><Node><A>2</A></Node></Node>',
    );
  });

  it('rejects a type that xs:redefine changes, and types that extend it', () => {
    const { types, fields } = described(
      '<xs:sequence><xs:element name="P" type="t:P"/><xs:element name="Q" type="t:Q"/></xs:sequence>',
      `<xs:redefine schemaLocation="p.xsd"><xs:complexType name="P"><xs:complexContent><xs:extension base="t:P"/></xs:complexContent></xs:complexType></xs:redefine>
       <xs:complexType name="Q"><xs:complexContent><xs:extension base="t:P"/></xs:complexContent></xs:complexType>`,
    );
    expect(unresolvedIn(types, fields)).toEqual([`the type {${NS}}P is changed by xs:redefine, which is not supported`]);
  });
});

describe('xs:sequence', () => {
  const pairs = described(`<xs:sequence maxOccurs="unbounded">${text('K')}${text('V')}</xs:sequence>`);

  it('writes a repeated sequence pair by pair', () => {
    expect(write(pairs, { K: ['a', 'b'], V: ['1', '2'] })).toBe('<K>a</K><V>1</V><K>b</K><V>2</V>');
    expect(write(pairs, { K: ['a'], V: ['1'] })).toBe('<K>a</K><V>1</V>');
  });

  it('rejects a repeated sequence with lists of different lengths', () => {
    expect(write(pairs, { K: ['a', 'b'], V: ['1'] })).toEqual([expect.stringContaining('write lists of the same length')]);
  });

  it('reads a complete repeated sequence, and rejects one with missing elements', () => {
    expect(read(pairs, '<K>a</K><V>1</V><K>b</K><V>2</V>')).toEqual({ K: ['a', 'b'], V: ['1', '2'] });
    expect(() => read(pairs, '<K>a</K><K>b</K><V>2</V>')).toThrow('their items cannot be matched');
  });

  it('requires an optional sequence to be complete or absent', () => {
    const optional = described(`<xs:sequence><xs:sequence minOccurs="0">${text('A')}${text('B')}</xs:sequence></xs:sequence>`);
    expect(write(optional, {})).toBe('');
    expect(write(optional, { A: '1' })).toEqual([': Op needs "B" beside A']);
  });

  it('reports a sequence that contains an element twice', () => {
    expect(() => described(`<xs:sequence>${text('A')}${text('B')}${text('A')}</xs:sequence>`)).toThrow(SchemaProblem);
  });
});

describe('lists', () => {
  const list = described(
    `<xs:sequence>${text('A', ' minOccurs="2" maxOccurs="3"')}${text('B', ' minOccurs="0" maxOccurs="unbounded"')}</xs:sequence>`,
  );

  it.each([
    [{ A: ['1', '2'], B: [] }, '<A>1</A><A>2</A>'],
    [{ A: ['1'] }, ['A: the list must have at least 2 items']],
    [{ A: [] }, ['A: the list must have at least 2 items']],
    [{ A: ['1', '2', '3', '4'] }, ['A: the list must have at most 3 items']],
  ])('limits the number of items as the WSDL specifies: %j', (values, written) => expect(write(list, values)).toEqual(written));

  it('rejects an answer that repeats a single element', () => {
    expect(() => read(described(`<xs:sequence>${text('A')}</xs:sequence>`), '<A>1</A><A>2</A>')).toThrow('the element A 2 times');
  });
});

describe('texts with attributes', () => {
  const simple = (name: string, derivation: string) =>
    `<xs:complexType name="${name}"><xs:simpleContent>${derivation}</xs:simpleContent></xs:complexType>`;
  const money = simple(
    'Money',
    '<xs:extension base="xs:decimal"><xs:attribute name="currency" type="xs:string" use="required"/></xs:extension>',
  );
  const sum = (types: string) => described('<xs:sequence><xs:element name="sum" type="t:T"/></xs:sequence>', money + types);

  const rated = sum(simple('T', '<xs:extension base="t:Money"><xs:attribute name="rate" type="xs:decimal"/></xs:extension>'));

  it('inherits the attributes and the text of the base', () => {
    expect(write(rated, { sum: { __content: 10.5, currency: 'RUB', rate: 2 } })).toBe('<sum currency="RUB" rate="2">10.5</sum>');
    expect(read(rated, '<sum currency="RUB" rate="2">10.50</sum>')).toEqual({
      sum: { __content: 10.5, currency: 'RUB', rate: 2 },
    });
  });

  it('requires an inherited attribute', () => {
    expect(write(rated, { sum: { __content: 10.5, rate: 2 } })).toEqual(['sum: T needs "currency"']);
    expect(write(rated, { sum: { __content: 10.5, currency: null, rate: 2 } })).toEqual([
      'sum.currency: the attribute must have a value',
    ]);
  });

  it('restricts the text and the attributes of the base', () => {
    const restricted = sum(
      simple(
        'T',
        '<xs:restriction base="t:Money"><xs:enumeration value="1"/><xs:enumeration value="2"/><xs:attribute name="currency" use="prohibited"/></xs:restriction>',
      ),
    );
    expect(write(restricted, { sum: { __content: 1 } })).toBe('<sum>1</sum>');
    expect(write(restricted, { sum: { __content: 3 } })).toEqual(['sum.__content: the value must be one of 1, 2']);
    expect(write(restricted, { sum: { __content: 1, currency: 'RUB' } })).toEqual([expect.stringContaining('has no "currency"')]);
  });
});

describe('attributes', () => {
  it('rejects a prohibited attribute', () => {
    const prohibited = described('<xs:attribute name="a" type="xs:string" use="prohibited"/>');
    expect(write(prohibited, { a: '1' })).toEqual([expect.stringContaining('has no "a"')]);
  });

  it('uses the key @name for an attribute with the name of an element', () => {
    const both = described(`<xs:sequence>${text('a')}</xs:sequence><xs:attribute name="a" type="xs:int"/>`);
    expect(write(both, { a: 'x', '@a': 5 })).toBe(' a="5"<a>x</a>');
    expect(read(both, '<a>x</a>', ' a="5"')).toEqual({ a: 'x', '@a': 5 });
  });

  it('reads a reference to a global attribute', () => {
    const byRef = described('<xs:attribute ref="t:rate"/>', '<xs:attribute name="rate" type="xs:decimal"/>');
    expect(read(byRef, '', ' t:rate="1.50"')).toEqual({ rate: 1.5 });
  });

  it('inherits attributes in a restriction that repeats only elements', () => {
    const model = described(
      '<xs:sequence><xs:element name="P" type="t:Less"/></xs:sequence>',
      `<xs:complexType name="More"><xs:sequence>${text('A')}${text('B', ' minOccurs="0"')}</xs:sequence><xs:attribute name="id" type="xs:int" use="required"/></xs:complexType>
       <xs:complexType name="Less"><xs:complexContent><xs:restriction base="t:More"><xs:sequence>${text('A')}</xs:sequence></xs:restriction></xs:complexContent></xs:complexType>`,
    );
    expect(write(model, { P: { A: '1', id: 7 } })).toBe('<P id="7"><A>1</A></P>');
    expect(write(model, { P: { A: '1' } })).toEqual(['P: Less needs "id"']);
  });
});

describe('types', () => {
  const derived = (name: string, ns: string) =>
    `<xs:complexType name="${name}"><xs:complexContent><xs:extension base="${ns}:Base"><xs:sequence>${text('X')}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>`;
  const abstract = described(
    '<xs:sequence><xs:element name="P" type="o:Base"/></xs:sequence>',
    '',
    `<xs:complexType name="Base" abstract="true"/>${derived('Заказ', 'o')}`,
  );

  it('requires a derived type for an abstract type', () => {
    expect(write(abstract, { P: {} })).toEqual([
      `P: Base is abstract: name one of the types that extend it as #type: {${OTHER}}Заказ`,
    ]);
  });

  it('finds a type of a package by its plain name', () => {
    expect(write(abstract, { P: { '#type': 'Заказ', '#value': { X: '1' } } })).toBe('<P xsi:type="Заказ"><X>1</X></P>');
    expect(write(abstract, { P: { '#type': `{${OTHER}}Заказ`, '#value': { X: '1' } } })).toContain('<X>1</X>');
  });

  it('reports an undescribed type instead of handling it as a string', () => {
    expect(write(abstract, { P: { '#type': 'Счет', '#value': '1' } })).toEqual([
      'P: "Счет" is not a type of the service: the WSDL does not describe it',
    ]);
    const unknown = described('<xs:sequence><xs:element name="P" type="o:Nowhere"/></xs:sequence>');
    expect(() => write(unknown, { P: 'x' })).toThrow(`the type {${OTHER}}Nowhere is not described`);
    expect(() => read(unknown, '<P>x</P>')).toThrow(SchemaProblem);
    expect(() =>
      read(described(`<xs:sequence>${text('P').replace('xs:string', 'xs:strnig')}</xs:sequence>`), '<P>x</P>'),
    ).toThrow('is not described');
  });

  it('reports a type that extends an undescribed type', () => {
    const model = described(
      '<xs:sequence><xs:element name="P" type="t:T"/></xs:sequence>',
      '<xs:complexType name="T"><xs:complexContent><xs:extension base="o:Nowhere"/></xs:complexContent></xs:complexType>',
    );
    expect(() => write(model, { P: {} })).toThrow('which another one extends, is not described');
  });

  it('adds types of a schema without a namespace to the including schema', () => {
    const includes = readXml(
      `<xs:schema xmlns:xs="${XS}" xmlns:t="${NS}" targetNamespace="${NS}"><xs:include schemaLocation="Types.xsd"/><xs:element name="Op"><xs:complexType><xs:sequence><xs:element name="P" type="t:T"/></xs:sequence></xs:complexType></xs:element></xs:schema>`,
    );
    const included = readXml(
      `<xs:schema xmlns:xs="${XS}"><xs:complexType name="T"><xs:sequence><xs:element name="n" type="N"/></xs:sequence></xs:complexType><xs:simpleType name="N"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>`,
    );
    const types = new Schemas(
      withChameleons([
        { place: '/S?wsdl', schema: includes },
        { place: '/Types.xsd', schema: included },
      ]),
      NS,
    );
    const op = nameIn(NS, 'Op');
    const model = { types, fields: types.fieldsOf(op) ?? [], rules: types.rulesOf(op) };
    expect(write(model, { P: { n: 5 } })).toBe('<P><n>5</n></P>');
    expect(write(model, { P: { n: 'x' } })).toEqual([expect.stringContaining('a whole number')]);
  });
});

describe('namespaces in answers', () => {
  it('reads elements without the namespace that the WSDL specifies', () => {
    const list = described('<xs:sequence><xs:element name="n" type="xs:int" maxOccurs="unbounded"/></xs:sequence>');
    expect(read(list, '<n xmlns="">5</n>')).toEqual({ n: [5] });
  });

  it('rejects an element in another namespace beside the described element', () => {
    const one = described(`<xs:sequence>${text('A')}</xs:sequence>`);
    expect(() => read(one, '<A>1</A><A xmlns="urn:other">2</A>')).toThrow('is not in the namespace of the WSDL');
  });
});

describe('numbers and times', () => {
  const model = described(
    '<xs:sequence><xs:element name="d" type="xs:double" minOccurs="0"/><xs:element name="t" type="xs:time" minOccurs="0"/></xs:sequence>',
  );

  it.each(['INF', '-INF', 'NaN', '1e400'])(
    'reads and writes xs:double %s as a string, because JSON has no such number',
    (written) => {
      expect(read(model, `<d>${written}</d>`)).toEqual({ d: written });
      expect(write(model, { d: written })).toBe(`<d>${written}</d>`);
    },
  );

  it.each(['10:00:00', '10:00:00.5', '10:00:00Z', '10:00:00.250+03:00'])('reads and writes xs:time %s', (written) => {
    expect(write(model, { t: written })).toBe(`<t>${written}</t>`);
  });
});

describe('character references', () => {
  it('accepts leading zeros', () => expect(readXml('<a>&#x0000000416;&#000000000001046;</a>').text).toBe('ЖЖ'));
});
