import type { Operation, Parameter, WebService } from './soap-services.js';

/** The part of the schema of 1C's own values that these services use. */
const CORE = `
		<xs:schema targetNamespace="http://v8.1c.ru/8.1/data/core" attributeFormDefault="unqualified" elementFormDefault="qualified">
			<xs:complexType name="Array">
				<xs:sequence>
					<xs:element name="Value" nillable="true" minOccurs="0" maxOccurs="unbounded"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="ValueTableColumn">
				<xs:sequence>
					<xs:element name="Name" type="xs:string"/>
					<xs:element name="ValueType"/>
					<xs:element name="Title" type="xs:string" minOccurs="0"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="ValueTableRow">
				<xs:sequence>
					<xs:element name="Value" nillable="true" minOccurs="0" maxOccurs="unbounded"/>
				</xs:sequence>
			</xs:complexType>
			<xs:complexType name="ValueTable">
				<xs:sequence>
					<xs:element name="column" type="v8:ValueTableColumn" minOccurs="0" maxOccurs="unbounded"/>
					<xs:element name="row" type="v8:ValueTableRow" minOccurs="0" maxOccurs="unbounded"/>
				</xs:sequence>
			</xs:complexType>
			<xs:simpleType name="UUID">
				<xs:restriction base="xs:string"/>
			</xs:simpleType>
		</xs:schema>`;

const BINDINGS = [
  { suffix: 'Soap', prefix: 'soapbind' },
  { suffix: 'Soap12', prefix: 'soap12bind' },
] as const;

/** Returns the WSDL of a publication. As in real ones behind a proxy, its address is that of an internal server. */
export function wsdlOf({ name, ns, types, operations }: WebService, base: string): string {
  const each = (write: (operation: Operation) => string) => operations.map(write).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"
		xmlns:soap12bind="http://schemas.xmlsoap.org/wsdl/soap12/"
		xmlns:soapbind="http://schemas.xmlsoap.org/wsdl/soap/"
		xmlns:tns="${ns}"
		xmlns:v8="http://v8.1c.ru/8.1/data/core"
		xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"
		xmlns:xs="http://www.w3.org/2001/XMLSchema"
		name="${name}"
		targetNamespace="${ns}">
	<types>${CORE}
		<xs:schema targetNamespace="${ns}" attributeFormDefault="unqualified" elementFormDefault="qualified">
			<xs:import namespace="http://v8.1c.ru/8.1/data/core"/>${types}${each(elements)}
		</xs:schema>
	</types>${each(messages)}
	<portType name="${name}PortType">${each(
    (operation) => `
		<operation name="${operation.name}">
			<input name="${operation.name}Request" message="tns:${operation.name}RequestMessage"/>
			<output name="${operation.name}Response" message="tns:${operation.name}ResponseMessage"/>
		</operation>`,
  )}
	</portType>${BINDINGS.map(({ suffix, prefix }) => binding(name, ns, suffix, prefix, operations)).join('')}
	<service name="${name}">${BINDINGS.map(
    ({ suffix, prefix }) => `
		<port name="${name}${suffix}" binding="tns:${name}${suffix}Binding">
			<${prefix}:address location="http://srv-1c.local/${base}/ws/${name}.1cws"/>
		</port>`,
  ).join('')}
	</service>
</definitions>`;
}

const goesIn = ({ direction }: Parameter) => direction !== 'out';
const goesOut = ({ direction }: Parameter) => direction !== undefined;

function elements({ name, parameters, returns }: Operation): string {
  return wrapper(name, parameters.filter(goesIn)) + wrapper(`${name}Response`, [returns, ...parameters.filter(goesOut)]);
}

function wrapper(name: string, fields: readonly Parameter[]): string {
  const sequence = fields.map(
    ({ name: field, type, nillable }) =>
      `\n\t\t\t\t\t\t<xs:element name="${field}" type="${type}"${nillable ? ' nillable="true"' : ''}/>`,
  );
  return `
			<xs:element name="${name}">
				<xs:complexType>
					<xs:sequence>${sequence.join('')}
					</xs:sequence>
				</xs:complexType>
			</xs:element>`;
}

function messages({ name }: Operation): string {
  return ['Request', 'Response']
    .map(
      (end) => `
	<message name="${name}${end}Message">
		<part name="parameters" element="tns:${name}${end === 'Request' ? '' : end}"/>
	</message>`,
    )
    .join('');
}

function binding(name: string, ns: string, suffix: string, prefix: string, operations: readonly Operation[]): string {
  const body = `<${prefix}:body use="literal"/>`;
  const each = operations.map(
    (operation) => `
		<operation name="${operation.name}">
			<${prefix}:operation style="document" soapAction="${ns}#${name}:${operation.name}"/>
			<input>${body}</input>
			<output>${body}</output>
		</operation>`,
  );
  return `
	<binding name="${name}${suffix}Binding" type="tns:${name}PortType">
		<${prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>${each.join('')}
	</binding>`;
}
