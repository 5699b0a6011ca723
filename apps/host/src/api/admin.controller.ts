import { HOST_ROUTES, readRequest, type AdminRoute, type HostRouteName } from '@sluice/admin-contract';
import { Controller, HttpCode, Req, RequestMapping, RequestMethod, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BODY_CODES, failures } from '@sluice/plugin-api';
import { AccessGuard, actorOf, RouteOf } from './access.js';
import { AdminHandlers } from './admin-handlers.js';
import { recorded } from './audit.js';
import { HostServices } from './host-services.js';

const bodyFail = failures(BODY_CODES);

type Parts = Parameters<typeof readRequest>[1];

/** The admin API: a method for each route of the contract. */
@UseGuards(AccessGuard)
@Controller()
export class AdminController {
  constructor(
    private readonly handlers: AdminHandlers,
    private readonly services: HostServices,
  ) {}

  /** Reads a request, runs its handler, and records it when it is an action. */
  protected async answer(name: HostRouteName, route: AdminRoute, request: FastifyRequest): Promise<unknown> {
    // Fastify reads a body of text/plain as a text
    if (/^\s*text\/plain/i.test(request.headers['content-type'] ?? ''))
      throw bodyFail.MEDIA_TYPE('the body is text/plain: send application/json');
    const fields = readRequest(route, request as unknown as Parts);
    const handle = this.handlers[name].bind(this.handlers) as (fields: object) => Promise<unknown>;
    if (!route.target) return handle(fields);
    return recorded(this.services, route, actorOf(request), route.target(fields), () => handle(fields));
  }

  /** Adds the method of a route to the prototype, with the decorators that NestJS reads. */
  static addRoute(name: HostRouteName, route: AdminRoute): void {
    const { prototype } = this;
    const descriptor = {
      configurable: true,
      writable: true,
      value(this: AdminController, request: FastifyRequest) {
        return this.answer(name, route, request);
      },
    };
    Object.defineProperty(prototype, name, descriptor);
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    RequestMapping({ path, method: RequestMethod[route.method] })(prototype, name, descriptor);
    HttpCode(route.status)(prototype, name, descriptor);
    RouteOf(route)(prototype, name, descriptor);
    Req()(prototype, name, 0);
  }
}

for (const [name, route] of Object.entries(HOST_ROUTES)) AdminController.addRoute(name as HostRouteName, route);
