/**
 * Calls the web services (SOAP) of 1C:Enterprise. Read `plugin.ts` first, which is the table of contents, then `client.ts`.
 *
 * `wsdl/` reads the operations of a service, `schema/` reads its types, `values/` writes and reads values of these types, and `soap/`
 * writes and reads messages. Only `xml/` imports the XML library.
 */
export { plugin } from './plugin.js';
