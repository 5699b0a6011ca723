/**
 * Desktop clients of 1C over STOMP 1.2. `server/desk.ts` is where its two halves meet: read it first, then `gateway.ts` for the delivery, or
 * `server/server.ts` for the protocol.
 */
export { plugin } from './plugin.js';
