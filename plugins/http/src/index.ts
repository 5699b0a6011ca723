/**
 * HTTP in both directions: an endpoint for senders of events, and requests to web services. Read `plugin.ts` first, then `endpoint.ts`.
 */
export { plugin } from './plugin.js';
