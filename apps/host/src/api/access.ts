import type { AdminRoute } from '@sluice/admin-contract';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Bearer } from '@sluice/plugin-api';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../http/http-ingress.js';
import { entryPointOf } from '../http/send-problem.js';
import { requireScope } from '../tokens.js';
import { HostServices } from './host-services.js';

/** Marks a handler with its route of the contract. */
export const RouteOf = Reflector.createDecorator<AdminRoute>();

const actors = new WeakMap<FastifyRequest, Bearer>();

/** Returns the sender of a request that the guard has admitted. */
export function actorOf(request: FastifyRequest): Bearer {
  const actor = actors.get(request);
  if (!actor) throw new Error('the request was not admitted');
  return actor;
}

/** Requires a token with the scope of the route. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly services: HostServices,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { scope } = this.reflector.get(RouteOf, context.getHandler());
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const actor = await this.services.tokens.verify(bearerOf(request), entryPointOf(request));
    requireScope(actor, scope);
    actors.set(request, actor);
    return true;
  }
}
