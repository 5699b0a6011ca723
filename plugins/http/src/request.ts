import { action } from '@sluice/plugin-api';
import { z } from 'zod';
import type { HttpClient } from './client.js';
import { headers } from './config.js';

/** RFC 9110, 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** A request under the base URL; the body of its answer is the output. */
export const request = action({
  title: 'Send a request to a web service',
  input: z.strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
    path: z
      .string()
      .regex(/^\/[^?#]*$/, 'begins with / and goes on below baseUrl; the query goes into `query`')
      .describe('below baseUrl; what must be encoded is encoded'),
    query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    headers: headers().optional(),
    body: z.unknown().optional().describe('a text goes out as it is, anything else as JSON'),
  }),
  output: z.unknown(),
  idempotent: (input) => (IDEMPOTENT.has(input.method) ? 'yes' : 'no'),
  run(client: HttpClient, input, call) {
    const body = bodyOf(input.body);
    return client.send(
      {
        method: input.method,
        path: input.path,
        ...(input.query && {
          query: Object.fromEntries(Object.entries(input.query).map(([name, value]) => [name, String(value)])),
        }),
        headers: { ...body?.headers, ...lowerCase(input.headers ?? {}) },
        ...(body && { body: body.text }),
      },
      call,
    );
  },
});

function bodyOf(body: unknown): { text: string; headers: Record<string, string> } | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return { text: body, headers: { 'content-type': 'text/plain; charset=utf-8' } };
  return { text: JSON.stringify(body), headers: { 'content-type': 'application/json; charset=utf-8' } };
}

/** So that the flow's `Content-Type` replaces ours instead of joining it. */
function lowerCase(named: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name.toLowerCase(), value]));
}
