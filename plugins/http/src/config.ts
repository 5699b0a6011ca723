import { duration, secret, size } from '@sluice/plugin-api';
import { z } from 'zod';

/** Headers that the connection or the protocol writes. */
const RESERVED = new Set([
  'authorization',
  'cookie',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'idempotency-key',
]);

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'not the name of a header')
  .refine((name) => !RESERVED.has(name.toLowerCase()), 'the connection writes this header itself');

const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header carries Latin letters only: encode the value');

export const headers = () => z.record(headerName, headerValue);

const tls = z.strictObject({
  ca: z.string().optional().describe('PEM text of the authority that signed the certificate of the server'),
  cert: z.string().optional().describe('PEM text of the client certificate'),
  key: secret().optional().describe('PEM text of the key of the client certificate'),
  rejectUnauthorized: z.boolean().default(true).describe('false: any certificate will do. For trials only'),
});

/** `connections.<name>.with` */
export const connection = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .refine((text) => isPlain(text), 'without user, query and #')
    .describe('requests never leave it'),
  token: secret().optional().describe('sent as `Authorization: Bearer …`'),
  headers: headers().default({}).describe('sent with every request'),
  timeout: duration().prefault('30s').describe('for a whole request'),
  connectTimeout: duration().prefault('5s').describe('for reaching the server'),
  maxResponse: size().prefault('16MiB').describe('larger answers are refused'),
  tls: tls.optional(),
});

export type Config = z.output<typeof connection>;

function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return true; // z.url says so already
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}
