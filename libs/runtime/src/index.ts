/**
 * Small helpers for concurrent code that the engine, adapters, plugins and programs share. Each is one file without dependencies;
 * none of them logs or reads the environment. Read `backoff.ts` first.
 */
export { aborted } from './aborted.js';
export { OUTAGE_PAUSE_MS, backoffMs, type BackoffBounds } from './backoff.js';
export { freePort, freePorts } from './free-ports.js';
export { Semaphore } from './semaphore.js';
