import { decodeText, fail, type SluiceError } from '@sluice/plugin-api';
import { failureOfStatus, failureOfText, mediaType, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';
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
  if (fault) throw failureOfText(textOfFault(fault, namespace), from.patterns);
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

/** The reason in the words of 1C: `faultstring` in SOAP 1.1, `Reason/Text` in 1.2; where there is none, what the details say. */
function textOfFault(fault: XmlElement, namespace: string): string {
  const reason =
    childOf(fault, nameIn('', 'faultstring')) ?? childOf(childOf(fault, nameIn(namespace, 'Reason')), nameIn(namespace, 'Text'));
  const detail = childOf(fault, nameIn('', 'detail')) ?? childOf(fault, nameIn(namespace, 'Detail'));
  return reason?.text.trim() || (detail ? allText(detail) : '');
}

function allText(element: XmlElement): string {
  return [element.text, ...element.children.map(allText)].join(' ').trim();
}
