import { createHmac, timingSafeEqual } from 'node:crypto';
import { secret } from '@sluice/plugin-api';
import { z } from 'zod';

export const signature = z.strictObject({
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'not the name of a header')
    .describe('where the sender puts the signature'),
  algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256'),
  secret: secret().describe('shared with the sender'),
});

export type Signature = z.output<typeof signature>;

/** Is the header the HMAC of the body (RFC 2104), in hex or base64, with or without a prefix such as `sha256=`? Takes the same time for every wrong one. */
export function isSigned(
  { header, algorithm, secret }: Signature,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): boolean {
  const given = headers[header.toLowerCase()];
  if (given === undefined) return false;
  const wanted = createHmac(algorithm, secret).update(body).digest();
  const bytes = decode(given.trim().replace(/^sha\d+=/, ''), wanted.length);
  return bytes !== undefined && timingSafeEqual(bytes, wanted);
}

function decode(text: string, length: number): Buffer | undefined {
  const isHex = text.length === 2 * length && /^[0-9a-f]+$/i.test(text);
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64');
  return bytes.length === length ? bytes : undefined;
}
