/**
 * The common part of connectors to web servers. A connector adds only the meaning of its remote system's answers.
 *
 * - `WebClient`: a limited pool of kept-alive sockets, one timeout for a whole exchange, a limit on the answer, TLS, and paths that stay
 *   below a base URL. Its errors state whether the request was sent (`sent`).
 * - `baseUrl`, `webOptions`: the options of such a connection. `requestInput`, `requestOf`: an action that sends a request of a flow.
 * - `retryAfter`: the pause that the remote system requests.
 *
 * It interprets no status and reads no body: that is the task of the connector. Read `web-client.ts` first, then `exchange.ts`.
 */
export { WebClient, type ExchangeOptions, type WebClientOptions, type WebRequest } from './web-client.js';
export type { WebAnswer } from './exchange.js';
export { baseUrl, webOptions, type TlsOptions } from './connection-options.js';
export { headers, lowerCase } from './headers.js';
export { requestInput, requestOf, type RequestInput } from './request-input.js';
export { retryAfter } from './retry-after.js';
