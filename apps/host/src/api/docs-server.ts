import type { Type } from '@nestjs/common';
import { loadPackage } from '@nestjs/common/internal';
import { Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiExcludeEndpoint, ApiOperation, ApiTags, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { AdminController } from './admin.controller.js';
import { HealthController } from './health.controller.js';
import { Summary } from './summary.js';

/** Creates a server for the pages of the document that does not listen, because Fastify adds no routes to a listening server. */
export async function makeDocsServer(app: NestFastifyApplication): Promise<FastifyInstance> {
  tag(AdminController, 'admin');
  ApiBearerAuth()(AdminController);
  tag(HealthController, 'health');
  const config = new DocumentBuilder()
    .setTitle('Sluice')
    .setDescription('The operator’s API')
    .setVersion('0.1.0')
    .addBearerAuth()
    .build();
  // npm may put it where the module for OpenAPI does not see it, and what that misses ends the process: it finds ours in NestJS's cache
  await loadPackage('@fastify/static', 'the pages of the API', () => import('@fastify/static'));
  const adapter = new FastifyAdapter();
  const pages = Object.create(app, { getHttpAdapter: { value: () => adapter } }) as NestFastifyApplication;
  SwaggerModule.setup('api/docs', pages, () => SwaggerModule.createDocument(app, config));
  const server = adapter.getInstance();
  await server.ready();
  return server;
}

/** Tells NestJS's module in its own words what {@link Summary} says of the routes. */
function tag(controller: Type<object>, name: string): void {
  ApiTags(name)(controller);
  const reflector = new Reflector();
  const prototype = controller.prototype as object;
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!isMethod(descriptor) || key === 'constructor') continue;
    const summary = reflector.get(Summary, descriptor.value);
    const mark = summary === undefined ? ApiExcludeEndpoint() : ApiOperation({ summary });
    mark(prototype, key, descriptor);
  }
}

type Method = TypedPropertyDescriptor<(...args: never[]) => unknown> & { value: (...args: never[]) => unknown };

function isMethod(descriptor: PropertyDescriptor): descriptor is Method {
  return typeof descriptor.value === 'function';
}
