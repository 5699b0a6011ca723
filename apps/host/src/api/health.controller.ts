import type { HEALTH_ROUTES, ResponseOf } from '@sluice/admin-contract';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from '../http/http-ingress.js';
import { entryPointOf } from '../http/send-problem.js';
import { requireScope } from '../tokens.js';
import { connectionReports, type ConnectionReport } from './connection-reports.js';
import { HostServices } from './host-services.js';
import { json } from './json.js';

/** Headers that reverse proxies add. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

type Live = ResponseOf<typeof HEALTH_ROUTES.live>;
type Ready = ResponseOf<typeof HEALTH_ROUTES.ready>;

@Controller()
export class HealthController {
  constructor(private readonly services: HostServices) {}

  @Get('health/live')
  live(): Live {
    return { status: 'ok' };
  }

  /**
   * Answers 503 while the bus or the database is unavailable. A failing connection does not make the host unready. The answer has only
   * names and states: addresses, reasons and numbers require a token with the scope `viewer`.
   */
  @Get('health/ready')
  async ready(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Ready> {
    const { services } = this;
    const bus = services.bus.state();
    const store = await services.store.check().then(
      () => ({ state: 'up' as const }),
      (error: Error) => ({ state: 'down' as const, reason: error.message }),
    );
    const ready = services.ready && bus.state === 'up' && store.state === 'up';
    if (!ready) void reply.code(503);
    const status = ready ? 'ok' : 'unavailable';
    const workspace = services.files.lastGoodOf === undefined ? services.files.state : 'last good copy';
    const isViewer = await this.#isViewer(request);
    const connections = await this.#connections(store.state === 'up', isViewer);
    if (isViewer) return json({ status, engines: services.backends, bus, store, workspace, connections } as const);
    return {
      status,
      bus: { state: bus.state },
      store: { state: store.state },
      workspace,
      connections: connections.map(({ connection, state }) => ({ connection, state })),
    };
  }

  /** @param counted also counts waiting messages, which needs a request to the broker for each queue */
  async #connections(isStoreUp: boolean, counted: boolean): Promise<readonly ConnectionReport[]> {
    const { engine, store } = this.services;
    const withoutServers = {
      bus: this.services.bus.state(),
      queues: [],
      newerStates: [],
      parkedAccounts: [],
      paces: engine.paces(),
      connections: engine.connections.all().map((one) => one.health()),
    };
    if (!isStoreUp) return connectionReports(withoutServers, []);
    const [status, leases] = await Promise.all([
      counted ? engine.status().catch(() => withoutServers) : withoutServers,
      store.leases.list().catch(() => []),
    ]);
    return connectionReports(status, leases);
  }

  /** Treats an invalid token as no token, because an orchestrator may send an expired one. */
  async #isViewer(request: FastifyRequest): Promise<boolean> {
    const token = bearerOf(request);
    if (token === undefined) return false;
    try {
      requireScope(await this.services.tokens.verify(token, entryPointOf(request)), 'viewer');
      return true;
    } catch {
      return false;
    }
  }

  /** Public on loopback, except for requests of a reverse proxy; otherwise requires a token with the scope `viewer`. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(@Req() request: FastifyRequest): Promise<string> {
    if (!LOOPBACK.test(request.ip) || FORWARDED.some((name) => name in request.headers)) {
      requireScope(await this.services.tokens.verify(bearerOf(request), entryPointOf(request)), 'viewer');
    }
    return this.services.metrics.registry.metrics();
  }
}
