/**
 * Adapters in the memory of the process: bus, pacer and store, and a virtual clock. Several engines of one process may share them, as hosts
 * share servers. Nothing is persisted. They pass the conformance suites of the servers' adapters, and whole flows run on them without any
 * server and without waiting.
 *
 * Read `virtual-clock.ts` first, then `memory-bus.ts`.
 */
export { MemoryBroker, MemoryBus } from './memory-bus.js';
export { MemoryPace, MemoryPacer } from './memory-pacer.js';
export { MemoryDatabase } from './memory-database.js';
export { MemoryStore } from './memory-store.js';
export { VirtualClock } from './virtual-clock.js';
