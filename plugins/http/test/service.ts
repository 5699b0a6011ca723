import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until, type ActionPeer } from '@sluice/testing';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Service {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** A web service that answers as it is told, and by default with `{ "ok": true }`. */
export async function startService(
  answer: (request: IncomingMessage, response: ServerResponse) => void = answerOk,
): Promise<Service> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      answer(request, response);
    });
  });
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function answerOk(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
}

/** The service as the other side of the contract of actions. */
export async function servicePeer(): Promise<ActionPeer & { readonly connection: object }> {
  let trouble: 'hang' | 'lose' | 'overload' | undefined;
  const service = await startService((request, response) => {
    const met = trouble;
    trouble = undefined;
    if (met === 'lose') request.socket.resetAndDestroy();
    else if (met === 'overload') response.writeHead(429, { 'retry-after': '1' }).end();
    else if (met !== 'hang') answerOk(request, response);
  });
  return {
    connection: { baseUrl: `${service.url}/api`, token: 'a-very-secret-token' },
    hang: async () => {
      trouble = 'hang';
      await until('the request', () => service.seen.length === 1, 5_000);
    },
    lose: () => void (trouble = 'lose'),
    overload: () => void (trouble = 'overload'),
    connections: service.connections,
    close: service.close,
  };
}
