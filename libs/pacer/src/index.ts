/**
 * Paces calls into a connection over all hosts: owner by lease, slots in BullMQ, adaptive limit, rate, breaker, calendar.
 * Read `connection-pace.ts` first (the protocol), then `admission.ts` (whether one more call may begin). Only `bull-slots.ts` uses BullMQ.
 */
export { BullPacer, type BullPacerOptions } from './bull-pacer.js';
export { PACER_CODES } from './failures.js';
export type { BackEnd } from './bull-slots.js';
export { LocalPacer, type LocalPacerOptions } from './local-pacer.js';
