/**
 * Stand-ins for 1C, Asterisk, Telegram and desktop clients: for the demo, for tests and for integrators without these systems. Each stand-in is a server
 * in this process that counts the requests that it receives. Begin with `onec/onec.ts`.
 */
export { startOnec, type Onec, type OnecOptions } from './onec/onec.js';
export type { OnecStats } from './onec/stats.js';
export { FAULT_KINDS, type Fault, type FaultKind } from './onec/faults.js';
export { PBX_FAULTS, startPbx, type Pbx, type PbxFault, type PbxOptions, type PbxStats } from './pbx/pbx.js';
export { startPbxControl, type PbxControl } from './pbx/control.js';
export type { IncomingCall, IncomingOrder, Outcome } from './pbx/calls.js';
export { startDesktops, type DesktopOptions, type Desktops } from './desktops/desktops.js';
export type { DesktopStats } from './desktops/tally.js';
export type { ServerFrame } from './desktops/frames.js';
export {
  MESSENGER_FAULTS,
  startMessenger,
  type Messenger,
  type MessengerFault,
  type MessengerOptions,
  type MessengerStats,
  type WrittenMessage,
} from './messenger/messenger.js';
