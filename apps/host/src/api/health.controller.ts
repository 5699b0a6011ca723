import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from '../http/doors.js';
import { requireScope } from '../tokens.js';
import { HostServices } from './host-services.js';
import { Summary } from './summary.js';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

@Controller()
export class HealthController {
  constructor(private readonly services: HostServices) {}

  @Get('health/live')
  @Summary('The process answers')
  live(): object {
    return { status: 'ok' };
  }

  /** 503 while the bus or the database is away; a connection that 1C refuses is shown and does not make the host unready. */
  @Get('health/ready')
  @Summary('Events can be accepted')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const { services } = this;
    const bus = services.bus.state();
    const store = await services.store.check().then(
      () => ({ state: 'up' }),
      (error: Error) => ({ state: 'down', reason: error.message }),
    );
    const ready = services.ready && bus.state === 'up' && store.state === 'up';
    if (!ready) void reply.code(503);
    return {
      status: ready ? 'ok' : 'unavailable',
      engines: services.engines,
      bus,
      store,
      workspace: services.files.lastGoodOf === undefined ? services.files.state : 'last good copy',
      connections: services.engine.connections.all().map((one) => one.health()),
    };
  }

  /** Open on loopback; elsewhere a token with the scope `viewer`. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(@Req() request: FastifyRequest): Promise<string> {
    if (!LOOPBACK.test(request.ip)) {
      requireScope(await this.services.tokens.verify(bearerOf(request)), 'viewer');
    }
    return this.services.metrics.registry.metrics();
  }
}
