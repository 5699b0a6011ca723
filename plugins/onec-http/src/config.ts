import { onecOptions, userWithPassword } from '@sluice/onec';
import { baseUrl } from '@sluice/web-client';
import { z } from 'zod';

/** `connections.<name>.with` */
export const connection = z
  .strictObject({
    baseUrl: baseUrl().describe('address of the HTTP service, such as http://server/base/hs/gate'),
    style: z
      .enum(['post', 'query'])
      .default('post')
      .describe(
        '`post`: `POST <baseUrl>/v1` with `{ method, data }`. `query`: `GET <baseUrl>/v1?method=…&data=…`, for older services',
      ),
    ...onecOptions,
  })
  .check(userWithPassword);

export type Config = z.output<typeof connection>;
