import type { SoapVersion } from '../wsdl/service.js';

/** How the two versions of SOAP differ. */
interface Envelope {
  readonly namespace: string;
  readonly headers: (action: string) => Readonly<Record<string, string>>;
}

/** The namespaces are given in https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ and https://www.w3.org/TR/soap12-part1/ */
const ENVELOPES: Readonly<Record<SoapVersion, Envelope>> = {
  '1.1': {
    namespace: 'http://schemas.xmlsoap.org/soap/envelope/',
    headers: (action) => ({ 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action}"` }),
  },
  '1.2': {
    namespace: 'http://www.w3.org/2003/05/soap-envelope',
    headers: (action) => ({ 'content-type': `application/soap+xml; charset=utf-8; action="${action}"` }),
  },
};

/** Namespaces of the envelope, of any version: an answer may come in the other one. */
export const ENVELOPE_NAMESPACES: readonly string[] = Object.values(ENVELOPES).map(({ namespace }) => namespace);

/** A message with this element in its body. `declarations`: those of the prefixes in it, with a blank before each. */
export function writeEnvelope(version: SoapVersion, declarations: string, body: string): string {
  const { namespace } = ENVELOPES[version];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${namespace}"${declarations}><soap:Body>${body}</soap:Body></soap:Envelope>`;
}

/** What a message of this version is announced by. */
export function headersOf(version: SoapVersion, action: string): Readonly<Record<string, string>> {
  return { accept: 'text/xml, application/soap+xml', ...ENVELOPES[version].headers(asUri(action)) };
}

/** The name of an operation is Cyrillic as a rule, and a header carries Latin letters only: it goes as in a URI (RFC 3987, 3.1). */
function asUri(action: string): string {
  return action.replaceAll(/[^!#-~]+/g, encodeURIComponent);
}
