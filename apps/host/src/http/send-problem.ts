import type { Log } from '@sluice/plugin-api';
import type { FastifyReply } from 'fastify';
import { problemOf } from './problem.js';

/** Receives each rejected request with its entry point, code and reason. */
export type OnRefused = (entryPoint: string, code: string, message: string) => void;

export interface ProblemTools {
  readonly log: Log;
  /** Hides secrets in a text. */
  readonly mask: (text: string) => string;
  readonly onRefused: OnRefused;
}

/** Answers with the error in the common format `{ code, message, cure? }`. */
export async function sendProblem(reply: FastifyReply, error: unknown, { log, mask, onRefused }: ProblemTools): Promise<void> {
  const { status, headers, body } = problemOf(error);
  if (body.code === 'INTERNAL') log.error('a request failed', { error: error instanceof Error ? error.stack : String(error) });
  else if (status < 500) onRefused(entryPointOf(reply.request), body.code, mask(body.message));
  void reply.code(status).headers(headers);
  await reply.type('application/json; charset=utf-8').send(mask(JSON.stringify(body)));
}

/** Returns the first segment of the route, such as `/in` or `/api`. There are few values, because senders do not choose routes. */
export function entryPointOf(request: { readonly routeOptions: { readonly url?: string | undefined } }): string {
  const [, first = ''] = (request.routeOptions.url ?? '').split('/');
  return /^[a-z]+$/.test(first) ? `/${first}` : 'no route';
}
