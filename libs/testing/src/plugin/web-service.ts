import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request that a {@link WebService} has received. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A web server that stands for the remote system of a connector. */
export interface WebService {
  /** Address without a path. */
  readonly url: string;
  /** Whole requests in the order of their arrival. */
  readonly seen: readonly SeenRequest[];
  /** Returns the number of open connections. */
  readonly connections: () => number;
  /** Cuts all connections and stops the server. */
  readonly close: () => Promise<void>;
}

/** Answers a request of the service. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a web service on loopback. By default it answers with `{ "ok": true }`; with `tls` it speaks HTTPS. */
export async function startWebService(answer: Answer = answerOk, tls?: ServerOptions): Promise<WebService> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const take: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  };
  const server = tls ? createTlsServer(tls, take) : createServer(take);
  server.on('connection', (socket: Socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with `{ "ok": true }`. */
export function answerOk(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
}
