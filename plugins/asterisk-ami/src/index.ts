/**
 * Connector to Asterisk over its Manager Interface (AMI). Begin with `plugin.ts`; the protocol is in `ami/session.ts`, and
 * `calls/call-tracker.ts` turns events into calls.
 */
export { plugin } from './plugin.js';
