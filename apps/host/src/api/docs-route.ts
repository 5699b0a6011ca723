import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/**
 * Answers `/api/docs` and its JSON and YAML. Who asks first waits until the document is made: what makes it is a fifth of all modules of a
 * host. Call it before the server listens.
 */
export function installDocs(app: NestFastifyApplication): void {
  let docs: Promise<FastifyInstance> | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/docs*', async (request, reply) => {
      docs ??= import('./docs-server.js').then(({ makeDocsServer }) => makeDocsServer(app));
      const server = await docs;
      reply.hijack();
      server.routing(request.raw, reply.raw);
    });
}
