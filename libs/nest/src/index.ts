/**
 * NestJS over the Bus port: a plugin's module handles events with the standard `@EventPattern` and publishes with a ClientProxy, on
 * every engine and with our acknowledgement rules. Read `bus-server.ts` first, then `subscription.ts` for what a handler must say.
 */
export { BUS_TRANSPORT, BusServer, type BusServerOptions } from './bus-server.js';
export { BusContext } from './bus-context.js';
export { BusClient, EventRecord, type BusClientOptions } from './bus-client.js';
export { RpcPassThroughFilter } from './rpc-pass-through.filter.js';
export { connectBus } from './connect-bus.js';
