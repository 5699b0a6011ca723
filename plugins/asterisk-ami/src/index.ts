/**
 * Connector to Asterisk over its Manager Interface (AMI). Begin with `plugin.ts`; the protocol is in `ami/session.ts`, which reads with
 * `ami/packet-reader.ts`; what makes calls of packets is `calls/call-tracker.ts`.
 */
export { plugin } from './plugin.js';
