import { encodeText } from '@sluice/plugin-api';
import { z } from 'zod';
import { headers, lowerCase } from './headers.js';
import type { WebRequest } from './web-client.js';

/** The input of an action that sends what a flow says, but for the method. `reserved`: headers that the connector writes itself. */
export const requestInput = (reserved: readonly string[]) => ({
  path: z
    .string()
    .regex(/^\/[^?#]*$/, 'begins with / and goes on below baseUrl; the query goes into `query`')
    .describe('below baseUrl; what must be encoded is encoded'),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  headers: headers(reserved).optional(),
  body: z.unknown().optional().describe('a text goes out as it is, anything else as JSON'),
});

export type RequestInput = z.output<z.ZodObject<ReturnType<typeof requestInput>>>;

/**
 * Returns that input as a request. A `Content-Type` of the flow goes before ours; the body is written in the encoding that it names, or that an XML declaration
 * names.
 *
 * @throws `MEDIA_TYPE` or `BODY_INVALID` for a body that cannot be written in that encoding.
 */
export function requestOf(input: RequestInput & { readonly method: string }): WebRequest {
  const { method, path, query, body } = input;
  const given = lowerCase(input.headers ?? {});
  if (body === undefined) return { method, path, query, headers: given };
  const contentType = given['content-type'] ?? `${typeof body === 'string' ? 'text/plain' : 'application/json'}; charset=utf-8`;
  return {
    method,
    path,
    query,
    headers: { ...given, 'content-type': contentType },
    body: encodeText(typeof body === 'string' ? body : JSON.stringify(body), contentType),
  };
}
