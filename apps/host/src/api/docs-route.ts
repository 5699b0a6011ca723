import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/** The page runs its own scripts only, asks this host only, and stands in no frame. Its library writes styles into what it draws. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

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
      for (const [name, value] of Object.entries(HEADERS)) reply.raw.setHeader(name, value);
      server.routing(request.raw, reply.raw);
    });
}
