import { perform, type Base } from './methods.js';
import { escape, rewritten, resolve, typeAttribute, type Element } from './soap-xml.js';
import { parseJson } from './wire.js';

export interface Parameter {
  readonly name: string;
  /** Type with a prefix of the WSDL: `xs`, `tns`, `v8`. */
  readonly type: string;
  readonly direction?: 'out' | 'in-out';
  readonly nillable?: boolean;
}

/** The content of the element of a value: XML, null for nil, or a value of any type with its type in the attributes. */
type XmlValue = string | null | { readonly attributes: string; readonly content: string };

export interface Operation {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns: Parameter;
  /** Returns the values of `return` and of the output parameters, by name. */
  readonly run: (base: Base, given: ReadonlyMap<string, Element>) => Readonly<Record<string, XmlValue>>;
}

export interface WebService {
  readonly name: string;
  readonly ns: string;
  /** Types of the service in XML Schema. */
  readonly types: string;
  readonly operations: readonly Operation[];
}

const CORE = 'http://v8.1c.ru/8.1/data/core';
const textOf = (given: ReadonlyMap<string, Element>, name: string) => given.get(name)?.text ?? '';
const returns = (type: string, nillable = false): Parameter => ({ name: 'return', type, nillable });

/** Returns the XML of one value with its `xsi:type`. */
const typed = (name: string, value: string, type: 'string' | 'decimal') =>
  `<${name} xsi:type="xs:${type}">${escape(value)}</${name}>`;

function orderSaved(base: Base): Readonly<Record<string, XmlValue>> {
  const { Ссылка, Номер } = perform(base, 'SaveOrder', {}) as { Ссылка: string; Номер: string };
  const content = `<m:Ссылка>${escape(Ссылка)}</m:Ссылка><m:Номер>${Номер}</m:Номер><m:Проведен>true</m:Проведен>`;
  return { return: content };
}

/** Returns a stock of seven pieces for every article. */
function stock(given: ReadonlyMap<string, Element>): Readonly<Record<string, XmlValue>> {
  const column = (name: string, type: string) =>
    `<column><Name>${name}</Name><ValueType><Type>xs:${type}</Type></ValueType></column>`;
  const rows = (given.get('Артикулы')?.children ?? []).map(
    ({ text }) => `<row>${typed('Value', text, 'string')}${typed('Value', '7', 'decimal')}</row>`,
  );
  const content = column('Артикул', 'string') + column('Остаток', 'decimal') + rows.join('');
  return { return: { attributes: ` xmlns="${CORE}"`, content } };
}

const SITE: WebService = {
  name: 'ОбменССайтом',
  ns: 'http://www.sample-package.org/ОбменССайтом',
  types: `
			<xs:complexType name="Контрагент">
				<xs:sequence>
					<xs:element name="Наименование" type="xs:string"/>
					<xs:element name="ИНН" type="xs:string" minOccurs="0"/>
					<xs:element name="Телефон" type="xs:string" nillable="true"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="СтрокаЗаказа">
				<xs:sequence>
					<xs:element name="Артикул" type="xs:string"/>
					<xs:element name="Количество" type="xs:decimal"/>
					<xs:element name="Цена" type="xs:decimal"/>
					<xs:element name="Сумма" type="xs:decimal" minOccurs="0"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="Заказ">
				<xs:sequence>
					<xs:element name="Номер" type="xs:string"/>
					<xs:element name="Дата" type="xs:dateTime"/>
					<xs:element name="Контрагент" type="tns:Контрагент"/>
					<xs:element name="Товары" type="tns:СтрокаЗаказа" minOccurs="0" maxOccurs="unbounded"/>
					<xs:element name="Комментарий" type="xs:string" minOccurs="0" nillable="true"/>
					<xs:element name="Итого" type="xs:decimal"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="РезультатЗагрузки">
				<xs:sequence>
					<xs:element name="Ссылка" type="xs:string"/>
					<xs:element name="Номер" type="xs:string"/>
					<xs:element name="Проведен" type="xs:boolean"/>
				</xs:sequence>
			</xs:complexType>`,
  operations: [
    {
      name: 'ЗагрузитьЗаказ',
      parameters: [{ name: 'Заказ', type: 'tns:Заказ' }],
      returns: returns('tns:РезультатЗагрузки'),
      run: orderSaved,
    },
    {
      name: 'ПроверитьЗаказ',
      parameters: [{ name: 'Заказ', type: 'tns:Заказ' }],
      returns: returns('tns:Заказ'),
      run: (_base, given) => ({ return: unchanged(given.get('Заказ')) }),
    },
    {
      name: 'НайтиКонтрагента',
      parameters: [
        { name: 'Телефон', type: 'xs:string' },
        { name: 'Наименование', type: 'xs:string', direction: 'out', nillable: true },
        { name: 'КодОшибки', type: 'xs:integer', direction: 'in-out', nillable: true },
      ],
      returns: returns('xs:boolean'),
      run: (base, given) => {
        const phone = textOf(given, 'Телефон');
        if (phone === '') return { return: 'false', Наименование: null, КодОшибки: '404' };
        const { Наименование } = perform(base, 'FindCounterparty', { Телефон: phone }) as { Наименование: string };
        return { return: 'true', Наименование: escape(Наименование), КодОшибки: unchanged(given.get('КодОшибки')) };
      },
    },
    {
      name: 'ПолучитьОстатки',
      parameters: [
        { name: 'Артикулы', type: 'v8:Array' },
        { name: 'НаДату', type: 'xs:dateTime', nillable: true },
      ],
      returns: returns('v8:ValueTable'),
      run: (_base, given) => stock(given),
    },
    {
      name: 'Эхо',
      parameters: [{ name: 'Значение', type: 'xs:anyType', nillable: true }],
      returns: returns('xs:anyType', true),
      run: (_base, given) => ({ return: unchanged(given.get('Значение')) }),
    },
    {
      name: 'ВыполнитьМетод',
      parameters: [
        { name: 'Метод', type: 'xs:string' },
        { name: 'Данные', type: 'xs:string', nillable: true },
      ],
      returns: returns('xs:string'),
      run: (base, given) => {
        const result = perform(base, textOf(given, 'Метод'), parseJson(textOf(given, 'Данные')));
        return { return: escape(JSON.stringify(result ?? null)) };
      },
    },
    {
      name: 'ЗагрузитьФайл',
      parameters: [
        { name: 'Имя', type: 'xs:string' },
        { name: 'Содержимое', type: 'xs:base64Binary' },
      ],
      returns: returns('v8:UUID'),
      run: (base) => ({ return: `00000000-0000-4000-8000-${String(++base.lastNumber).padStart(12, '0')}` }),
    },
    {
      name: 'Пинг',
      parameters: [],
      returns: returns('xs:string'),
      run: () => ({ return: 'Pong' }),
    },
  ],
};

/** The service with which bases of the Standard Subsystems Library publish the versions of their interfaces. */
const VERSIONS: WebService = {
  name: 'InterfaceVersion',
  ns: 'http://www.1c.ru/SaaS/1.0/WS',
  types: '',
  operations: [
    {
      name: 'GetVersions',
      parameters: [{ name: 'InterfaceName', type: 'xs:string' }],
      returns: returns('v8:Array'),
      run: () => ({
        return: {
          attributes: ` xmlns="${CORE}"`,
          content: ['2.0.1.6', '3.0.1.1'].map((one) => typed('Value', one, 'string')).join(''),
        },
      }),
    },
  ],
};

const SERVICES: readonly WebService[] = [SITE, VERSIONS];

/** Returns the service by its name or alias in the address. */
export function serviceNamed(segment: string): WebService | undefined {
  const name = decodeURIComponent(segment).replace(/\.1cws$/, '');
  return SERVICES.find((service) => service.name === name);
}

function unchanged(element: Element | undefined): XmlValue {
  if (!element || element.attributes.get('xsi:nil') === 'true') return null;
  const type = element.attributes.get('xsi:type');
  return { attributes: type === undefined ? '' : typeAttribute(resolve(type, element.scope), 3), content: rewritten(element) };
}
