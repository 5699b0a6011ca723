/**
 * The Bus over RabbitMQ, 3.10 and later. `queues/topology.ts` declares all exchanges and queues of Sluice; `rabbit-bus.ts` joins the
 * parts: `connection/link.ts` (reconnects), `publishing/publisher.ts` (confirms), `consuming/subscription.ts` (deliveries,
 * acknowledgements).
 */
export { RabbitBus, type RabbitBusOptions } from './rabbit-bus.js';
