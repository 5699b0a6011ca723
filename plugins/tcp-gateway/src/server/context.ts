import type { Log } from '@sluice/plugin-api';
import type { Addresses } from './addresses.js';
import type { Desk } from './desk.js';
import type { Flusher } from './flusher.js';
import type { HeartBeat } from './heart-beat.js';
import type { Limits } from './limits.js';
import type { Register } from './register.js';
import type { Turnstile } from './turnstile.js';
import type { Wheel } from './wheel.js';

/** What all connections of a server share. */
export interface ServerContext {
  readonly desk: Desk;
  readonly limits: Limits;
  /** What this side can send and wants to hear. */
  readonly heartBeat: HeartBeat;
  readonly log: Log;
  readonly wheel: Wheel;
  readonly flusher: Flusher;
  readonly turnstile: Turnstile;
  readonly addresses: Addresses;
  readonly connections: Register;
  /** Milliseconds since 1970. */
  now(): number;
}
