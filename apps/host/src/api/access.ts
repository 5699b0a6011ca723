import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../http/http-ingress.js';
import { doorOf } from '../http/send-problem.js';
import { requireScope } from '../tokens.js';
import { HostServices } from './host-services.js';

const SCOPE = 'sluice:scope';

/** Sets the scope that a route requires. The default is `viewer`. */
export const Scope = (scope: 'viewer' | 'admin') => SetMetadata(SCOPE, scope);

/** Requires a token for every route of the admin API. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly services: HostServices,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope =
      this.reflector.getAllAndOverride<string | undefined>(SCOPE, [context.getHandler(), context.getClass()]) ?? 'viewer';
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    requireScope(await this.services.tokens.verify(bearerOf(request), doorOf(request)), scope);
    return true;
  }
}
