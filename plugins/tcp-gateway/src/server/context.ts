import type { Log } from '@sluice/plugin-api';
import type { Semaphore } from '@sluice/runtime';
import type { Addresses } from './addresses.js';
import type { StompHandler } from './stomp-handler.js';
import type { Flusher } from './flusher.js';
import type { HeartBeat } from './heart-beat.js';
import type { Limits } from './limits.js';
import type { Register } from './register.js';
import type { TimerWheel } from './timer-wheel.js';

/** Objects that all sessions of a server share. */
export interface ServerContext {
  readonly handler: StompHandler;
  readonly limits: Limits;
  /** Intervals that the server offers and expects, before negotiation with a client. */
  readonly heartBeat: HeartBeat;
  readonly log: Log;
  readonly timers: TimerWheel;
  readonly flusher: Flusher;
  readonly authentications: Semaphore;
  readonly addresses: Addresses;
  readonly connections: Register;
  /** Milliseconds since 1970. */
  now(): number;
}
