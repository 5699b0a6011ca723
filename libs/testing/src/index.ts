export { busConformance, type BusHarness, type BusTraits } from './conformance/bus.js';
export { openInbox, settled, until, type Inbox } from './conformance/inbox.js';
export { MemoryBroker, MemoryBus } from './memory/memory-bus.js';
export type { BrokerClock } from './memory/memory-queue.js';
export { startRabbit, type RabbitServer } from './servers/rabbitmq.js';
export { startRedis, type RedisServer } from './servers/redis.js';
