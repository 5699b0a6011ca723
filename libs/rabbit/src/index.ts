/**
 * The Bus over RabbitMQ, 3.10 and later. `queues/topology.ts` declares everything that Sluice keeps on a broker; `rabbit-bus.ts` puts the parts
 * together: `connection/link.ts` (a connection that comes back), `publishing/publisher.ts` (confirms), `consuming/subscription.ts` (deliveries, acknowledgements).
 */
export { RabbitBus, type RabbitBusOptions } from './rabbit-bus.js';
