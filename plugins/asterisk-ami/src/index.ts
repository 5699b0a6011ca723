/**
 * Connector to Asterisk over its Manager Interface (AMI). Begin with `plugin.ts`; the protocol is in `session.ts`, which reads with
 * `packet-reader.ts`; what makes calls of packets is `call-tracker.ts`.
 */
export { plugin } from './plugin.js';
