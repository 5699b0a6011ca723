import { action } from '@sluice/plugin-api';
import { z } from 'zod';
import type { OnecClient } from './client.js';

/** Headers that the connection writes itself. */
const RESERVED = new Set([
  'authorization',
  'cookie',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'ibsession',
  'x-request-id',
]);

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'not the name of a header')
  .refine((name) => !RESERVED.has(name.toLowerCase()), 'the connection writes this header itself');

const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header carries Latin letters only: encode the value');

/** Any request under the base URL, with a body as it is: for XML, for files, for services with templates of their own. */
export const request = action({
  title: 'Send a request to an HTTP service of 1C',
  input: z.strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    path: z
      .string()
      .regex(/^\/[^?#]*$/, 'begins with / and goes on below baseUrl; the query goes into `query`')
      .describe('below baseUrl; Cyrillic letters, spaces and {} are encoded'),
    query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    headers: z.record(headerName, headerValue).optional(),
    body: z.unknown().optional().describe('a text goes out as it is, anything else as JSON'),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .default('no')
      .describe('may it be sent again when nobody knows whether it was carried out?'),
  }),
  output: z.unknown(),
  idempotent: (input) => input.idempotent,
  run(client: OnecClient, input, call) {
    const body = bodyOf(input.body);
    return client.send(
      {
        name: `${input.method} ${input.path}`,
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
function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
