import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyServerOptions } from 'fastify';
import type { SluiceError } from '@sluice/plugin-api';
import { hostFail } from '../failures.js';
import { problemOf } from './problem.js';
import { sendProblem, type ProblemTools } from './send-problem.js';

type ServerErrors = Required<Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'>>;

/** Options of the server that answer requests which reach no route in the format of all errors, `{ code, message, cure? }`. */
export function serverErrors(tools: ProblemTools): ServerErrors {
  return {
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, pathError(error), tools),
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
  };
}

/** Returns the error for a path that the router cannot read. */
function pathError({ code }: { readonly code: string }): Error {
  const message =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? 'a segment of the path is too long'
      : 'the path is not valid: its percent-encoding is not UTF-8';
  return Object.assign(new Error(message), { statusCode: 400 });
}

/** Answers bytes that Node cannot read as a request, or that do not arrive in time, and closes the connection. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, body } = problemOf(requestError(error.code));
  const content = JSON.stringify(body);
  if (socket.writable) {
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'connection: close',
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(content)}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${content}`);
  }
  socket.destroy(error);
}

/** @param code of Node's event `clientError`, https://nodejs.org/api/http.html#event-clienterror */
function requestError(code: string | undefined): SluiceError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return hostFail.REQUEST_LATE('the request did not arrive in time');
  if (code === 'HPE_HEADER_OVERFLOW') return hostFail.HEADERS_TOO_LARGE('the headers of the request are too large');
  return hostFail.REQUEST_UNREADABLE('the bytes are not an HTTP request');
}
