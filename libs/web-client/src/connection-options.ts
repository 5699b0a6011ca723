import { duration, secret, size } from '@sluice/plugin-api';
import { z } from 'zod';

/** The address below which all requests of a connection stay. */
export const baseUrl = () =>
  z
    .url({ protocol: /^https?$/ })
    .refine((text) => isPlain(text), 'without user, password, query and #: what is secret has an option of its own');

const tls = z.strictObject({
  ca: z.string().optional().describe('PEM text of the authority that signed the certificate of the server'),
  cert: z.string().optional().describe('PEM text of the client certificate'),
  key: secret().optional().describe('PEM text of the key of the client certificate'),
  rejectUnauthorized: z.boolean().default(true).describe('false: any certificate will do. For trials only'),
});

export type TlsOptions = z.output<typeof tls>;

/** The options that mean the same to every connector; its schema takes them in with `...webOptions`. */
export const webOptions = {
  connectTimeout: duration().prefault('5s').describe('for reaching the server'),
  maxResponse: size().prefault('16MiB').describe('larger answers are refused'),
  tls: tls.optional(),
};

function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return true; // z.url says so already
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}
