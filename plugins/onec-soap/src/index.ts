/**
 * Calls into 1C:Enterprise over its web services (SOAP). Read `plugin.ts` first: the table of contents; then `client.ts`.
 *
 * `wsdl/` reads what a service can be asked, `schema/` what its types are; `values/` writes and reads values by them, `soap/` messages.
 * `xml/` is the only room that knows the XML library.
 */
export { plugin } from './plugin.js';
