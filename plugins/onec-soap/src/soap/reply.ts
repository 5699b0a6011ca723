import { decodeText, fail, type SluiceError } from '@sluice/plugin-api';
import { failureOfStatus, failureOfText, mediaType, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';
import { soap } from '../failures.js';
import { nameIn, namespaceOf } from '../xml/names.js';
import { childOf, readXml, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { ENVELOPE_NAMESPACES } from './envelope.js';

/**
 * The element in the body of an answer; undefined when the answer has none. Throws what a fault, a status or a broken answer stands for.
 */
export function readReply(answer: WebAnswer, from: Where): XmlElement | undefined {
  const good = answer.status >= 200 && answer.status < 300;
  const text = good ? decoded(answer, from) : refusalText(answer);
  if (!mediaType(answer.headers).endsWith('xml')) {
    if (!good) throw failureOfStatus(answer, text, from);
    if (text.trim() === '') return undefined;
    throw unexpected(mediaType(answer.headers), from);
  }
  // a refusal is one in whatever shape a proxy clothes it
  const envelope = good ? parse(text, from) : parseIfPossible(text);
  if (!envelope) throw failureOfStatus(answer, text, from);
  const namespace = namespaceOf(envelope.name);
  if (!ENVELOPE_NAMESPACES.includes(namespace) || envelope.name !== nameIn(namespace, 'Envelope')) {
    if (!good) throw failureOfStatus(answer, text, from);
    throw fail.BAD_ANSWER(`${from.where}: the answer is XML, and no SOAP`, { sent: 'yes' });
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
  if (type === 'text/html') return fail.BAD_ANSWER(`${where}: a web page came instead of an answer of 1C`, { sent: 'yes' });
  return fail.BAD_ANSWER(`${where}: the answer is ${type || 'of no type'}, and no XML`, { sent: 'yes' });
}

function parse(text: string, { where }: Where): XmlElement {
  try {
    return readXml(text);
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    throw fail.BAD_ANSWER(`${where}: the answer is not whole or no XML: ${error.message}`, { sent: 'yes', cause: error });
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
  /** All texts of the details, in their order. */
  readonly detail: string;
}

/** Codes by which a SOAP node refuses a message before it looks into it (SOAP 1.1, 4.4.1; SOAP 1.2, 5.4.6). */
const NOT_PROCESSED: ReadonlySet<string> = new Set(['VersionMismatch', 'MustUnderstand']);

function failureOfFault({ code, reason, detail }: Fault, { where, patterns }: Where): SluiceError {
  if (NOT_PROCESSED.has(code))
    return soap.ONEC_SOAP_PROTOCOL(`${where}: ${code}: ${reason || 'the service gave no reason'}`, {
      sent: 'no',
      ...(detail !== '' && { details: { text: detail } }),
    });
  return reason === '' ? failureOfText(detail, patterns) : failureOfText(reason, patterns, detail);
}

/** The names of SOAP 1.1 have no namespace, yet some services write that of the envelope; those of SOAP 1.2 have it. */
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
