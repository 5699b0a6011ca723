/**
 * HTTP both ways: an endpoint for senders of events, and requests to foreign services. Read `plugin.ts` first, then `endpoint.ts`.
 */
export { plugin } from './plugin.js';
