import type { SoapVersion } from '../wsdl/service.js';

/** The differences between the two versions of SOAP. */
interface Envelope {
  readonly namespace: string;
  readonly headers: (action: string) => Readonly<Record<string, string>>;
}

/** The namespaces are defined in https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ and https://www.w3.org/TR/soap12-part1/ */
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

/** Namespaces of the envelope in all versions, because an answer may use the other version than the request. */
export const ENVELOPE_NAMESPACES: readonly string[] = Object.values(ENVELOPES).map(({ namespace }) => namespace);

/**
 * Returns a message with this element in its body.
 *
 * @param declarations the declarations of the prefixes in the body, each with a space before it.
 */
export function writeEnvelope(version: SoapVersion, declarations: string, body: string): string {
  const { namespace } = ENVELOPES[version];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${namespace}"${declarations}><soap:Body>${body}</soap:Body></soap:Envelope>`;
}

/** Returns the HTTP headers of a message of this version. */
export function headersOf(version: SoapVersion, action: string): Readonly<Record<string, string>> {
  return { accept: 'text/xml, application/soap+xml', ...ENVELOPES[version].headers(asUri(action)) };
}

/** Percent-encodes the action as in a URI (RFC 3987, 3.1): names of operations are usually Cyrillic, and headers contain only ASCII. */
function asUri(action: string): string {
  return action.replaceAll(/[^!#-~]+/g, encodeURIComponent);
}
