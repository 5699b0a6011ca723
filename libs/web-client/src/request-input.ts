import { encodeText } from '@sluice/plugin-api';
import { z } from 'zod';
import { headers, lowerCase } from './headers.js';
import type { WebRequest } from './web-client.js';

/**
 * Returns the input schema of an action that sends a request of a flow, except for the method. `reserved`: headers that the connector
 * writes.
 */
export const requestInput = (reserved: readonly string[]) => ({
  path: z
    .string()
    .regex(/^\/[^?#]*$/, 'begins with / and is appended to baseUrl; the query belongs into `query`')
    .describe('begins with `/`, below `baseUrl`, and cannot lead out of it; special characters are encoded automatically'),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('parameters of the query by name'),
  headers: headers(reserved).optional().describe('headers by name'),
  body: z
    .unknown()
    .optional()
    .describe(
      'a text is sent unchanged, anything else as JSON; in the `charset` of `Content-Type`, else in the encoding that the XML declaration names, else in UTF-8',
    ),
});

/** The parsed {@link requestInput}. */
export type RequestInput = z.output<z.ZodObject<ReturnType<typeof requestInput>>>;

/**
 * Converts that input to a request. A `Content-Type` of the flow replaces the default one. The body is written in the encoding that the
 * content type or an XML declaration names.
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
