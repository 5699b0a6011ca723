import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hostFail } from '../failures.js';
import { sendProblem, type ProblemTools } from './send-problem.js';

/** Formats errors of NestJS routes and unknown paths as the other errors. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly tools: ProblemTools) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const { method, url } = http.getRequest<FastifyRequest>();
    await sendProblem(http.getResponse<FastifyReply>(), isUnknownRoute(error) ? unknownRoute(method, url) : error, this.tools);
  }
}

/** The error of NestJS for an unknown route. */
function isUnknownRoute(error: unknown): boolean {
  return error instanceof NotFoundException && error.message.startsWith('Cannot ');
}

/** Returns the error of a request that no route of the host answers. */
export function unknownRoute(method: string, url: string): Error {
  const path = url.split('?', 1)[0] ?? '';
  return hostFail.NO_ROUTE(
    `no route answers ${method} ${path}: there are POST /events/<type>, /in/… for the flows, /health/ready, /metrics and /api (described at /api/docs)`,
  );
}
