import { action } from '@sluice/plugin-api';
import { requestInput, requestOf } from '@sluice/web-client';
import { z } from 'zod';
import type { OnecClient } from './client.js';

/** Headers that the client writes itself. */
const RESERVED = ['ibsession', 'x-request-id'];

/** Any request under the base URL, with a body as it is: for XML, for files, for services with templates of their own. */
export const request = action({
  title: 'Send a request to an HTTP service of 1C',
  input: z.strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    ...requestInput(RESERVED),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .default('no')
      .describe('may it be sent again when nobody knows whether it was carried out?'),
  }),
  output: z.unknown(),
  idempotent: (input) => input.idempotent,
  run: (client: OnecClient, input, call) => client.send({ ...requestOf(input), name: `${input.method} ${input.path}` }, call),
});
