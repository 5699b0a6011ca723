import type { INestApplication, INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { BusServer } from './bus-server.js';
import { RpcPassThroughFilter } from './rpc-pass-through.filter.js';

/**
 * Connects the bus to an application: from `app.startAllMicroservices()` on, its handlers get events.
 *
 * Initialization is deferred because filters that are set after the handlers were registered are ignored, and without the filter no error
 * of a handler reaches the bus as itself.
 */
export function connectBus(app: INestApplication, server: BusServer): INestMicroservice {
  const microservice = app.connectMicroservice<MicroserviceOptions>({ strategy: server }, { deferInitialization: true });
  return microservice.useGlobalFilters(new RpcPassThroughFilter());
}
