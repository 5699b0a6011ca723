/**
 * Desktop clients of 1C over STOMP 1.2. Read `server/stomp-handler.ts` first, the interface between the protocol and the delivery; then
 * `gateway.ts` for the delivery, or `server/server.ts` for the protocol.
 */
export { plugin } from './plugin.js';
