import type { Log } from '@sluice/plugin-api';
import type { FastifyReply } from 'fastify';
import { problemOf } from './problem.js';

/** Answers with the error, in the one shape that all doors have: `{ code, message, cure? }`. `mask` hides secrets in it. */
export async function sendProblem(
  reply: FastifyReply,
  error: unknown,
  { log, mask }: { readonly log: Log; readonly mask: (text: string) => string },
): Promise<void> {
  const { status, headers, body } = problemOf(error);
  if (body.code === 'INTERNAL') log.error('a request failed', { error: error instanceof Error ? error.stack : String(error) });
  void reply.code(status).headers(headers);
  await reply.type('application/json; charset=utf-8').send(mask(JSON.stringify(body)));
}
