import { duration, secret, size } from '@sluice/plugin-api';
import { z } from 'zod';

/** Returns the schema of the address below which all requests of a connection stay. */
export const baseUrl = () =>
  z
    .url({ protocol: /^https?$/ })
    .refine((text) => isPlain(text), 'without user, password, query and #: secrets have options of their own');

const tls = z.strictObject({
  ca: z.string().optional().describe('PEM text of the authority that signed the certificate of the server'),
  cert: z.string().optional().describe('PEM text of the client certificate'),
  key: secret().optional().describe('PEM text of the key of the client certificate'),
  rejectUnauthorized: z.boolean().default(true).describe('false: accepts any certificate. For trials only'),
});

/** The parsed TLS options of a connection. */
export type TlsOptions = z.output<typeof tls>;

/** Options with the same meaning for every connector. A schema includes them as `...webOptions`. */
export const webOptions = {
  connectTimeout: duration().prefault('5s').describe('maximum time for connecting to the server'),
  maxResponse: size().prefault('16MiB').describe('larger answers are refused'),
  tls: tls.optional().describe('certificates; TLS itself follows from the address'),
};

function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return true; // z.url reports it
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}
