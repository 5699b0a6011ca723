import type { INestApplication, INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { BusServer } from './bus-server.js';
import { RpcPassThroughFilter } from './rpc-pass-through.filter.js';

/**
 * Connects the bus to an application. `app.startAllMicroservices()` declares the queues of its handlers, which receive events after
 * `server.consume()`.
 *
 * Initialization is deferred because NestJS ignores filters that are set after the handlers were registered, and without the filter the bus
 * does not receive the error that a handler threw.
 */
export function connectBus(app: INestApplication, server: BusServer): INestMicroservice {
  const microservice = app.connectMicroservice<MicroserviceOptions>({ strategy: server }, { deferInitialization: true });
  return microservice.useGlobalFilters(new RpcPassThroughFilter());
}
