/**
 * The Bus over RabbitMQ, 3.10 and later. `topology.ts` declares everything that Sluice keeps on a broker; `rabbit-bus.ts` puts the parts
 * together: `link.ts` (a connection that comes back), `publisher.ts` (confirms), `subscription.ts` (deliveries, acknowledgements).
 */
export { RabbitBus, type RabbitBusOptions } from './rabbit-bus.js';
