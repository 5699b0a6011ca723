import type { FastifyServerOptions } from 'fastify';
import type { BodyLimits } from './body-budget.js';
import type { ConnectionLimits } from './unauthenticated-connections.js';

/** Limits of the HTTP server: clients that never finish a request must not exhaust it. */
export interface HttpLimits {
  /** A request, its body included, must arrive within this time; its connection is answered 408 and closed otherwise. */
  readonly requestMs: number;
  /** The head of a request must arrive within this time. */
  readonly headersMs: number;
  /** How often both times are checked. */
  readonly checkMs: number;
  readonly strangers: ConnectionLimits;
  /** Bodies of requests without a valid token, such as signed webhooks. The sender is an address. */
  readonly strangersBodies: BodyLimits;
  /** Bodies of requests with a valid token. The sender is a user. */
  readonly bodies: BodyLimits;
}

/** @param eventBytes the largest allowed body */
export function httpLimits(eventBytes: number): HttpLimits {
  return {
    requestMs: 60_000,
    headersMs: 20_000,
    checkMs: 5_000,
    strangers: { perAddress: 512, total: 4_096 },
    strangersBodies: { perSender: 4 * eventBytes, total: 16 * eventBytes },
    bodies: { perSender: 16 * eventBytes, total: 64 * eventBytes },
  };
}

/** The limits that Node's server enforces. */
export function serverTimeouts({ requestMs, headersMs, checkMs }: HttpLimits): Pick<FastifyServerOptions, 'requestTimeout'> & {
  readonly http: { readonly headersTimeout: number; readonly connectionsCheckingInterval: number };
} {
  return { requestTimeout: requestMs, http: { headersTimeout: headersMs, connectionsCheckingInterval: checkMs } };
}
