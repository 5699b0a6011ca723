import type { IncomingHttpHeaders } from 'node:http';

/** Reads `Retry-After` in seconds or as a date (RFC 9110, 10.2.3) as an option of an error. Empty if the header is missing or invalid. */
export function retryAfter(headers: IncomingHttpHeaders, now = Date.now()): { retryAfterMs?: number } {
  const value = headers['retry-after'];
  if (value === undefined) return {};
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}
