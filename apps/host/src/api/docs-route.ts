import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/** The page runs only its own scripts, sends requests only to this host, and allows no frames. Its library needs inline styles. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * Serves `/api/docs` and its JSON and YAML. The first request loads the generator of the document, which has a fifth of all modules of a
 * host. Must be called before the server listens.
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
