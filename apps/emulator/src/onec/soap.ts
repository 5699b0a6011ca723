import { OnecException, type Base } from './methods.js';
import type { ServiceCall } from './services.js';
import { serviceNamed, type Operation, type WebService } from './soap-services.js';
import { wsdlOf } from './soap-wsdl.js';
import { escape, NotXml, readXml, XS, XSI, type Element } from './soap-xml.js';
import type { Answer } from './wire.js';

interface Version {
  readonly envelope: string;
  readonly type: string;
  readonly fault: (text: string, whose: 'Client' | 'Server') => string;
}

const SOAP_11: Version = {
  envelope: 'http://schemas.xmlsoap.org/soap/envelope/',
  type: 'text/xml',
  fault: (text, whose) => `<faultcode>soap:${whose}</faultcode><faultstring>${text}</faultstring>`,
};

const SOAP_12: Version = {
  envelope: 'http://www.w3.org/2003/05/soap-envelope',
  type: 'application/soap+xml',
  fault: (text, whose) =>
    `<soap:Code><soap:Value>soap:${whose === 'Client' ? 'Sender' : 'Receiver'}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="ru">${text}</soap:Text></soap:Reason>`,
};

const VERSIONS = [SOAP_11, SOAP_12];

/** A message that does not fit the WSDL: a mistake of the caller. */
class Misfit extends Error {}

/** Returns the WSDL of a web service, or 404 for an unknown name. */
export function descriptionOf(service: string, base: string): Answer {
  const known = serviceNamed(service);
  if (!known) return { status: 404, body: '' };
  return { status: 200, body: wsdlOf(known, base), headers: { 'content-type': 'text/xml; charset=utf-8' } };
}

/** Carries out one call of an operation: SOAP 1.1 or 1.2, document/literal wrapped, parameters in the order of the WSDL. */
export function soapAnswerOf(base: Base, { httpMethod, service, body, contentType }: ServiceCall): Answer {
  const known = serviceNamed(service);
  if (!known) return { status: 404, body: '' };
  if (httpMethod !== 'POST') return { status: 405, body: '', headers: { allow: 'GET, POST' } };
  const version = versionOf(contentType);
  if (!version) return { status: 415, body: '' };
  try {
    return answered(version, 200, responseOf(base, known, readXml(body), version));
  } catch (error) {
    if (error instanceof OnecException) return soapFault(contentType, exceptionText(known.name, error.message));
    if (error instanceof Misfit || error instanceof NotXml)
      return answered(version, 500, faultElement(version, `Ошибка преобразования данных XDTO: ${error.message}`, 'Client'));
    throw error;
  }
}

/** Returns the SOAP fault of an exception in the code of the configuration, in the SOAP version of the call. */
export function soapFault(contentType: string, text: string): Answer {
  const version = versionOf(contentType) ?? SOAP_11;
  return answered(version, 500, faultElement(version, text, 'Server'));
}

/** Returns the text of the platform: the exception, and below it its causes. */
function exceptionText(service: string, text: string): string {
  return [
    `Неизвестная ошибка. {WebСервис.${service}.Модуль(25)}: Ошибка при вызове метода контекста (Записать)`,
    '\tДокументОбъект.Записать(РежимЗаписиДокумента.Проведение);',
    'по причине:',
    `{ОбщийМодуль.Обмен.Модуль(12)}: ${text}`,
    '\tВызватьИсключение ТекстОшибки;',
  ].join('\n');
}

function versionOf(contentType: string): Version | undefined {
  return VERSIONS.find(({ type }) => contentType.toLowerCase().startsWith(type));
}

function responseOf(base: Base, service: WebService, envelope: Element, { envelope: ns }: Version): string {
  const body = envelope.children.find((child) => child.name === 'Body' && child.ns === ns);
  const call = envelope.name === 'Envelope' && envelope.ns === ns ? body?.children[0] : undefined;
  if (!call) throw new Misfit('нет тела сообщения');
  const operation = service.operations.find(({ name }) => name === call.name && call.ns === service.ns);
  if (!operation) throw new Misfit(`операция ${call.name} не найдена`);
  const results = operation.run(base, argumentsOf(operation, service.ns, call));
  const out = [operation.returns, ...operation.parameters.filter(({ direction }) => direction !== undefined)];
  const fields = out.map(({ name }) => {
    const value = results[name] ?? null;
    const { attributes, content } = typeof value === 'object' && value !== null ? value : { attributes: '', content: value };
    const declared = `xmlns:xs="${XS}"\n\t\t\t\t\txmlns:xsi="${XSI}"`;
    return content === null
      ? `\t\t\t<m:${name} ${declared} xsi:nil="true"/>`
      : `\t\t\t<m:${name} ${declared}${attributes}>${content}</m:${name}>`;
  });
  return `<m:${operation.name}Response xmlns:m="${service.ns}">\n${fields.join('\n')}\n\t\t</m:${operation.name}Response>`;
}

/** XDTO accepts properties only in the order of the type and rejects unknown ones. */
function argumentsOf(operation: Operation, ns: string, call: Element): ReadonlyMap<string, Element> {
  const wanted = operation.parameters.filter(({ direction }) => direction !== 'out').map(({ name }) => name);
  const given = call.children.map((child) => (child.ns === ns ? child.name : `{${child.ns}}${child.name}`));
  if (wanted.join() !== given.join())
    throw new Misfit(`${operation.name} ожидает (${wanted.join(', ')}), получено (${given.join(', ')})`);
  return new Map(call.children.map((child) => [child.name, child]));
}

function faultElement({ fault }: Version, text: string, whose: 'Client' | 'Server'): string {
  return `<soap:Fault>${fault(escape(text), whose)}</soap:Fault>`;
}

function answered({ envelope, type }: Version, status: number, content: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${envelope}">\n\t<soap:Body>\n\t\t${content}\n\t</soap:Body>\n</soap:Envelope>`;
  return { status, body, headers: { 'content-type': `${type}; charset=utf-8` } };
}
