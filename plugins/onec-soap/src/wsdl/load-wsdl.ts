import { decodeText, isSluiceError, SluiceError } from '@sluice/plugin-api';
import { failureOfStatus, mediaType, refusalText, type OnecLink, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';
import { soap } from '../failures.js';
import { SchemaProblem } from '../schema/read-schema.js';
import { readXml, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { importsOf, isDescription, readWsdl } from './read-wsdl.js';
import type { Service, SoapVersion } from './service.js';
import type { Documents } from './wsdl-cache.js';

/** Maximum number of documents of one WSDL. 1C publishes one document; other servers split it. */
const MAX_DOCUMENTS = 50;

/** Fetches the WSDL of a service and the documents that it imports, each once. Errors have `sent: 'no'`: no operation was called. */
export async function fetchDocuments(link: OnecLink, service: string, from: Where): Promise<Documents> {
  const base = new URL(`${from.baseUrl.replace(/\/+$/, '')}/`);
  const first = new URL(base);
  first.pathname = base.pathname + encodeURIComponent(service);
  first.search = '?wsdl';
  const waiting = [first];
  const documents: { place: string; text: string }[] = [];
  const seen = new Set([first.href]);
  for (let url = waiting.shift(); url; url = waiting.shift()) {
    if (documents.length >= MAX_DOCUMENTS)
      throw soap.ONEC_WSDL_UNSUPPORTED(`${from.where}: the WSDL imports more than ${MAX_DOCUMENTS} documents`, { sent: 'no' });
    const place = url.pathname.slice(base.pathname.length - 1) + url.search;
    const text = await fetchText(link, url, base, from);
    documents.push({ place, text });
    for (const location of importsOf(parseDocument(text, `${from.where}, ${place}`))) {
      const next = importedFrom(location, url, base, from);
      if (seen.has(next.href)) continue;
      seen.add(next.href);
      waiting.push(next);
    }
  }
  return documents;
}

/** Returns the service that the documents describe. Throws `ONEC_WSDL` or `ONEC_WSDL_UNSUPPORTED`. */
export function serviceOf(documents: Documents, version: SoapVersion, { where }: Where): Service {
  try {
    return readWsdl(
      documents.map(({ place, text }) => ({ place, document: parseDocument(text, `${where}, ${place}`) })),
      version,
    );
  } catch (error) {
    if (error instanceof SchemaProblem || error instanceof XmlProblem)
      throw soap.ONEC_WSDL_UNSUPPORTED(`${where}: the WSDL cannot be used: ${error.message}`, { sent: 'no', cause: error });
    throw error;
  }
}

function parseDocument(text: string, where: string): XmlElement {
  try {
    const document = readXml(text);
    if (isDescription(document)) return document;
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    throw soap.ONEC_WSDL(`${where}: the WSDL is incomplete or not XML: ${error.message}`, { sent: 'no', cause: error });
  }
  throw soap.ONEC_WSDL(`${where}: this XML is not a WSDL`, { sent: 'no' });
}

/** Returns the address of an imported document. Only the path of the import is used, because it may name an internal server. */
function importedFrom(location: string, document: URL, base: URL, { where }: Where): URL {
  const written = URL.canParse(location, document.href) ? new URL(location, document) : undefined;
  const { pathname = '', search = '' } = written ?? {};
  if (!pathname.startsWith(base.pathname))
    throw soap.ONEC_WSDL_UNSUPPORTED(`${where}: the WSDL imports ${location}, which is not below ${base.href}`, { sent: 'no' });
  const url = new URL(base);
  url.pathname = pathname;
  url.search = search;
  return url;
}

async function fetchText(link: OnecLink, url: URL, base: URL, from: Where): Promise<string> {
  const request = { method: 'GET', path: url.pathname.slice(base.pathname.length - 1), query: url.search.slice(1) };
  const read = (answer: WebAnswer) => {
    if (answer.status < 200 || answer.status >= 300) throw failureOfStatus(answer, refusalText(answer), from);
    if (mediaType(answer.headers) === 'text/html') throw soap.ONEC_WSDL(`${from.where}: the answer is a web page, not a WSDL`);
    try {
      return decodeText(answer.body, answer.headers['content-type'] ?? '');
    } catch (error) {
      throw soap.ONEC_WSDL(`${from.where}: the WSDL cannot be read: ${(error as Error).message}`, { sent: 'no', cause: error });
    }
  };
  try {
    return await link.call({ request, where: from.where, read });
  } catch (error) {
    throw isSluiceError(error) ? asUnsent(error) : error;
  }
}

/** Sets `sent` to `no`: only the WSDL was requested, and the call itself has not been sent. */
function asUnsent({ code, fate, message, cure, options }: SluiceError): SluiceError {
  // an error of the request for the WSDL must not reject the data of the call
  if (fate === 'rejected') return soap.ONEC_WSDL(message, { ...options, sent: 'no' });
  return new SluiceError(code, fate, message, cure, { ...options, sent: 'no' });
}
