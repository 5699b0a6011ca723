/**
 * Stand-ins for foreign systems: for the demo, for tests and for integrators who have no platform at hand. Each is a server in this
 * process that counts what it saw. Start with `onec.ts`.
 */
export { startOnec, type Onec, type OnecOptions } from './onec.js';
export type { OnecStats } from './onec-stats.js';
export { FAULT_KINDS, type Fault, type FaultKind } from './onec-faults.js';
export { PBX_FAULTS, startPbx, type Pbx, type PbxFault, type PbxOptions, type PbxStats } from './pbx.js';
export { startPbxControl, type PbxControl } from './pbx-control.js';
export type { IncomingCall, IncomingOrder, Outcome } from './pbx-calls.js';
export { startDesktops, type DesktopOptions, type Desktops } from './desktop.js';
export type { DesktopStats } from './desktop-tally.js';
export type { ServerFrame } from './desktop-frames.js';
