import { duration, secret } from '@sluice/plugin-api';
import { baseUrl, headers, webOptions } from '@sluice/web-client';
import { z } from 'zod';

/** Headers that the client writes itself. */
export const RESERVED = ['idempotency-key'];

/** `connections.<name>.with` */
export const connection = z.strictObject({
  baseUrl: baseUrl().describe('no request can go to an address outside of it'),
  token: secret().optional().describe('sent as `Authorization: Bearer …`'),
  headers: headers(RESERVED)
    .default({})
    .describe('sent with every request; logs show them unmasked, so write secrets in `token`'),
  timeout: duration().prefault('30s').describe('maximum time of a whole request'),
  ...webOptions,
});

export type Config = z.output<typeof connection>;
