import { decodeText, fail, type SluiceError } from '@sluice/plugin-api';
import { failureOfStatus, failureOfText, mediaType, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';
import { soap } from '../failures.js';
import { nameIn, namespaceOf } from '../xml/names.js';
import { childOf, readXml, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { ENVELOPE_NAMESPACES } from './envelope.js';

/**
 * Returns the element in the body of an answer, or undefined when the body is empty.
 *
 * @throws the error of a SOAP fault or of a status; `BAD_ANSWER` for an answer that is not SOAP.
 */
export function readReply(answer: WebAnswer, from: Where): XmlElement | undefined {
  const good = answer.status >= 200 && answer.status < 300;
  const text = good ? decoded(answer, from) : refusalText(answer);
  if (!mediaType(answer.headers).endsWith('xml')) {
    if (!good) throw failureOfStatus(answer, text, from);
    if (text.trim() === '') return undefined;
    throw unexpected(mediaType(answer.headers), from);
  }
  // an error status counts even when a proxy has replaced the body
  const envelope = good ? parse(text, from) : parseIfPossible(text);
  if (!envelope) throw failureOfStatus(answer, text, from);
  const namespace = namespaceOf(envelope.name);
  if (!ENVELOPE_NAMESPACES.includes(namespace) || envelope.name !== nameIn(namespace, 'Envelope')) {
    if (!good) throw failureOfStatus(answer, text, from);
    throw fail.BAD_ANSWER(`${from.where}: the answer is XML, but not SOAP`, { sent: 'yes' });
  }
  const body = childOf(envelope, nameIn(namespace, 'Body'));
  const fault = childOf(body, nameIn(namespace, 'Fault'));
  if (fault) throw failureOfFault(readFault(fault, namespace), from);
  if (!good) throw failureOfStatus(answer, '', from);
  return body?.children[0];
}

function decoded({ body, headers }: WebAnswer, { where }: Where): string {
  try {
    return decodeText(body, headers['content-type'] ?? '');
  } catch (error) {
    throw fail.BAD_ANSWER(`${where}: the answer cannot be read: ${(error as Error).message}`, { sent: 'yes', cause: error });
  }
}

function unexpected(type: string, { where }: Where): SluiceError {
  if (type === 'text/html')
    return fail.BAD_ANSWER(`${where}: the answer is a web page: it does not come from 1C`, { sent: 'yes' });
  return fail.BAD_ANSWER(`${where}: the answer is ${type || 'without a content type'}, not XML`, { sent: 'yes' });
}

function parse(text: string, { where }: Where): XmlElement {
  try {
    return readXml(text);
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    throw fail.BAD_ANSWER(`${where}: the answer is incomplete or not XML: ${error.message}`, { sent: 'yes', cause: error });
  }
}

function parseIfPossible(text: string): XmlElement | undefined {
  try {
    return readXml(text);
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    return undefined;
  }
}

interface Fault {
  /** Local name of the code, such as `Server` or `VersionMismatch`. */
  readonly code: string;
  readonly reason: string;
  /** The texts of all details, in their order. */
  readonly detail: string;
}

/** Fault codes for a message that the service has rejected without processing it (SOAP 1.1, 4.4.1; SOAP 1.2, 5.4.6). */
const NOT_PROCESSED: ReadonlySet<string> = new Set(['VersionMismatch', 'MustUnderstand']);

function failureOfFault({ code, reason, detail }: Fault, { where, patterns }: Where): SluiceError {
  if (NOT_PROCESSED.has(code))
    return soap.ONEC_SOAP_PROTOCOL(`${where}: ${code}: ${reason || 'the fault contains no reason'}`, {
      sent: 'no',
      ...(detail !== '' && { details: { text: detail } }),
    });
  return reason === '' ? failureOfText(detail, patterns) : failureOfText(reason, patterns, detail);
}

/** Reads a fault. Its element names have no namespace in SOAP 1.1, but some services use that of the envelope, as SOAP 1.2 does. */
function readFault(fault: XmlElement, namespace: string): Fault {
  const child = (parent: XmlElement | undefined, ...locals: string[]) =>
    parent?.children.find(({ name }) => locals.some((local) => name === nameIn('', local) || name === nameIn(namespace, local)));
  const code = child(fault, 'faultcode') ?? child(child(fault, 'Code'), 'Value');
  const texts = child(fault, 'Reason')?.children.map(({ text }) => text.trim()) ?? [];
  const [reason = '', ...translations] = texts;
  const detail = child(fault, 'detail', 'Detail');
  return {
    code: code?.text.trim().replace(/^.*:/, '') ?? '',
    reason: child(fault, 'faultstring')?.text.trim() ?? reason,
    detail: [...translations, ...(detail ? textsOf(detail) : [])].join(' '),
  };
}

function textsOf(element: XmlElement): string[] {
  const own = element.text.trim();
  return [...(own === '' ? [] : [own]), ...element.children.flatMap(textsOf)];
}
