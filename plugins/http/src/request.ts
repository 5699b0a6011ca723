import { action } from '@sluice/plugin-api';
import { requestInput, requestOf } from '@sluice/web-client';
import { z } from 'zod';
import type { HttpClient } from './client.js';
import { RESERVED } from './config.js';

/** RFC 9110, 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** A request under the base URL; the body of its answer is the output. */
export const request = action({
  title: 'Send a request to a web service',
  input: z.strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
    ...requestInput(RESERVED),
  }),
  output: z.unknown(),
  idempotent: (input) => (IDEMPOTENT.has(input.method) ? 'yes' : 'no'),
  run: (client: HttpClient, input, call) => client.send(requestOf(input), call),
});
