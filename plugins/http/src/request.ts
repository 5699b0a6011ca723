import { action } from '@sluice/plugin-api';
import { requestInput, requestOf } from '@sluice/web-client';
import { z } from 'zod';
import type { HttpClient } from './client.js';
import { RESERVED } from './config.js';

/** The idempotent methods of RFC 9110, 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** Sends a request to a path under the base URL; its output is the body of the answer. */
export const request = action({
  title: 'Send a request to a web service',
  input: z.strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).describe('HTTP method'),
    ...requestInput(RESERVED),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .optional()
      .describe(
        'whether to repeat a request with an unknown outcome; `by-key`: the service recognizes repeats by Idempotency-Key. ' +
          'Absent: `no` for POST and PATCH, `yes` for the others',
      ),
  }),
  output: z.unknown(),
  idempotent: ({ idempotent, method }) => idempotent ?? (IDEMPOTENT.has(method) ? 'yes' : 'no'),
  run: (client: HttpClient, input, call) => client.send(requestOf(input), call),
});
