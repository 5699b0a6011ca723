import { action } from '@sluice/plugin-api';
import { requestInput, requestOf } from '@sluice/web-client';
import { z } from 'zod';
import type { OnecClient } from './client.js';

/** Headers that the client writes itself. */
const RESERVED = ['ibsession', 'x-request-id'];

/** Sends any request under the base URL and does not change its body: for XML, files and services with their own URL templates. */
export const request = action({
  title: 'Send a request to an HTTP service of 1C',
  input: z.strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).describe('HTTP method'),
    ...requestInput(RESERVED),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .default('no')
      .describe('whether to repeat a request with an unknown outcome; `by-key`: 1C recognizes repeats by X-Request-Id'),
  }),
  output: z.unknown(),
  idempotent: (input) => input.idempotent,
  run: (client: OnecClient, input, call) => client.send({ ...requestOf(input), name: `${input.method} ${input.path}` }, call),
});
