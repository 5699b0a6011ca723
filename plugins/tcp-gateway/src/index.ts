/**
 * Desktop clients of 1C over STOMP 1.2. Start with `server/stomp-handler.ts`, the interface between the protocol and the delivery. Then
 * read `gateway.ts` for the delivery, or `server/server.ts` for the protocol.
 */
export { plugin } from './plugin.js';
