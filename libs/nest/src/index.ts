/**
 * NestJS over the Bus port: the module of a plugin handles events with the standard `@EventPattern` and publishes with a ClientProxy, on
 * every bus and with Sluice's rules of acknowledgement. Read `bus-server.ts` first, then `subscription.ts` for the names that a handler
 * needs.
 */
export { BUS_TRANSPORT, BusServer, type BusServerOptions } from './bus-server.js';
export { BusContext } from './bus-context.js';
export { BusClient, EventRecord, type BusClientOptions } from './bus-client.js';
export { RpcPassThroughFilter } from './rpc-pass-through.filter.js';
export { connectBus } from './connect-bus.js';
