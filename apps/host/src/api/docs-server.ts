import { GATEWAY_ROUTES, HEALTH_ROUTES, HOST_ROUTES, openApi } from '@sluice/admin-contract';
import { loadPackage } from '@nestjs/common/internal';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiExcludeController, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { unknownRoute } from '../http/problem.filter.js';
import { problemOf } from '../http/problem.js';
import { AdminController } from './admin.controller.js';
import { HealthController } from './health.controller.js';
import { HomeController } from './home.controller.js';
import { HostServices } from './host-services.js';

/** Creates a server for the pages of the document that does not listen, because Fastify adds no routes to a listening server. */
export async function makeDocsServer(app: NestFastifyApplication): Promise<FastifyInstance> {
  // npm may put it where the module for OpenAPI does not see it, and what that misses ends the process: it finds ours in NestJS's cache
  await loadPackage('@fastify/static', 'the pages of the API', () => import('@fastify/static'));
  const adapter = new FastifyAdapter();
  const pages = Object.create(app, { getHttpAdapter: { value: () => adapter } }) as NestFastifyApplication;
  SwaggerModule.setup('api/docs', pages, () => documentOf(app));
  const server = adapter.getInstance();
  server.setNotFoundHandler(async ({ method, url }, reply) => {
    const { status, body } = problemOf(unknownRoute(method, url));
    await reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
  });
  await server.ready();
  return server;
}

/** Returns the document: the contract, and the controllers of plugins. */
function documentOf(app: NestFastifyApplication): OpenAPIObject {
  for (const controller of [AdminController, HealthController, HomeController]) ApiExcludeController()(controller);
  const config = new DocumentBuilder()
    .setTitle('Sluice')
    .setDescription('The operator’s API')
    .setVersion('0.1.0')
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, config);
  const used = new Set([...app.get(HostServices).workspace.connections.values()].map(({ plugin }) => plugin));
  const served = Object.entries(GATEWAY_ROUTES).filter(([, { plugin }]) => plugin !== undefined && used.has(plugin));
  const admin = openApi({ ...HOST_ROUTES, ...Object.fromEntries(served) }, 'admin');
  const health = openApi(HEALTH_ROUTES, 'health');
  return {
    ...document,
    paths: { ...admin.paths, ...health.paths, ...document.paths },
    components: { ...document.components, schemas: { ...document.components?.schemas, ...admin.components.schemas } },
  };
}
