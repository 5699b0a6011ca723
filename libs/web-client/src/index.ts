/**
 * What connectors to web servers have in common, so that each says only what its other side means.
 *
 * - `WebClient`: sockets that are kept alive and capped, one clock for a whole exchange, a cap on the answer, TLS, and paths that stay
 *   below a base URL. Its failures say whether the request had left (`sent`).
 * - `baseUrl`, `webOptions`: the options of such a connection. `requestInput`, `requestOf`: an action that sends what a flow says.
 * - `retryAfter`: how long the other side asks to wait.
 *
 * It judges no status and reads no body: what an answer means is for the connector to say. Read `web-client.ts` first, then
 * `exchange.ts`.
 */
export { WebClient, type ExchangeOptions, type WebClientOptions, type WebRequest } from './web-client.js';
export type { WebAnswer } from './exchange.js';
export { baseUrl, webOptions, type TlsOptions } from './connection-options.js';
export { headers, lowerCase } from './headers.js';
export { requestInput, requestOf, type RequestInput } from './request-input.js';
export { retryAfter } from './retry-after.js';
