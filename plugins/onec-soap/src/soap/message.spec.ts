import { describe, expect, it } from '@jest/globals';
import { Schemas } from '../schema/read-schema.js';
import { nameIn, XS, XSI } from '../xml/names.js';
import { readXml } from '../xml/read-xml.js';
import { readResults, writeRequest } from './message.js';

const NS = 'http://example.org/S';
const from = { where: 'Op of S', baseUrl: 'http://erp/ws', kind: 'web service' as const, patterns: [] };
const question = { arguments: { P: {} }, json: false };

/** Returns an operation with one in-out parameter of the type T. */
function described(type: string) {
  const schema = readXml(
    `<xs:schema xmlns:xs="${XS}" xmlns:tns="${NS}" targetNamespace="${NS}">
      <xs:element name="Op"><xs:complexType><xs:sequence><xs:element name="P" type="tns:T"/></xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="T">${type}</xs:complexType>
    </xs:schema>`,
  );
  const types = new Schemas([schema], NS);
  const fields = types.fieldsOf(nameIn(NS, 'Op')) ?? [];
  const operation = {
    name: 'Op',
    action: '',
    request: nameIn(NS, 'Op'),
    response: nameIn(NS, 'Op'),
    parameters: fields,
    parameterRules: [],
    results: fields,
    resultRules: [],
  };
  return {
    service: { name: 'S', types, operations: new Map([['Op', operation]]), unusable: new Map<string, string>() },
    operation,
  };
}

describe('readResults', () => {
  it.each([
    ['a type with an undeclared prefix', '<xs:sequence/>', '<P xsi:type="no:Such"/>'],
    ['a type with an unsupported description', '<xs:group ref="tns:G"/>', '<P/>'],
  ])('throws BAD_ANSWER with sent: yes for %s', (_why, type, content) => {
    const { service, operation } = described(type);
    const response = readXml(`<Op xmlns="${NS}" xmlns:xsi="${XSI}">${content}</Op>`.replaceAll('<P', '<P xmlns=""'));
    expect(() => readResults(service, operation, response, question, from)).toThrow(
      expect.objectContaining({ code: 'BAD_ANSWER', options: expect.objectContaining({ sent: 'yes' }) }),
    );
  });
});

describe('writeRequest', () => {
  it('rejects a parameter of a type with an unsupported description before sending', () => {
    const { service, operation } = described('<xs:group ref="tns:G"/>');
    expect(() => writeRequest(service, operation, question, '1.1', undefined, from)).toThrow(
      expect.objectContaining({ code: 'ONEC_WSDL_UNSUPPORTED', options: expect.objectContaining({ sent: 'no' }) }),
    );
  });
});
