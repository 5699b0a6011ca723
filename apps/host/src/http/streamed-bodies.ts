import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The content type under which the server finds the parser below. No client needs to send it. */
const STREAMED = 'application/vnd.sluice.streamed-body';
/** Header with the content type that the client sent. A header of this name from the client is replaced. */
const SENT_TYPE_HEADER = 'x-streamed-content-type';

/**
 * Returns whether the controller of the route reads the body as a stream and bounds it itself. A route of a plugin declares it with the
 * Fastify config `{ streamedBody: true }`, in NestJS `SetMetadata('__fastify_route_config__', { streamedBody: true })`.
 */
export function isStreamed({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as { readonly streamedBody?: boolean } | undefined)?.streamedBody === true;
}

/**
 * Passes the bodies of such routes on unread, whatever their content type is: without it the server would parse JSON and text in memory, up to
 * the limit of events, and refuse other types.
 */
export function installStreamedBodies(server: FastifyInstance): void {
  server.addContentTypeParser(STREAMED, (_request, payload, done) => done(null, payload));
  server.addHook('onRequest', async (request) => {
    if (!isStreamed(request)) return;
    request.headers[SENT_TYPE_HEADER] = request.headers['content-type'] ?? '';
    request.headers['content-type'] = STREAMED;
  });
}
