import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { duration, secret } from '@sluice/plugin-api';
import { z } from 'zod';

const headerName = z.string().regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header');

export const signature = z.strictObject({
  header: headerName.describe('header that contains the signature in hex or base64, with or without a prefix such as `sha256=`'),
  algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256').describe('hash function of the HMAC'),
  secret: secret().describe('shared with the sender'),
  timestamp: z
    .strictObject({
      header: headerName.describe('header that contains the time, in seconds since 1970'),
      tolerance: duration().prefault('5m').describe('maximum difference from the time of this host'),
    })
    .optional()
    .describe('the sender signs `<seconds since 1970>.<body>` instead of the body; a request outside the tolerance is rejected'),
});

export type Signature = z.output<typeof signature>;

export const sharedSecret = z.strictObject({
  header: headerName.describe('header that contains the secret, such as `X-Telegram-Bot-Api-Secret-Token` or `X-Gitlab-Token`'),
  secret: secret().describe('shared with the sender'),
});

/** Returns whether the header contains the secret. The comparison takes constant time. */
export function hasSecret({ header, secret }: z.output<typeof sharedSecret>, headers: Readonly<Record<string, string>>): boolean {
  const [given, wanted] = [headers[header.toLowerCase()] ?? '', secret].map((text) => createHash('sha256').update(text).digest());
  return given !== undefined && wanted !== undefined && timingSafeEqual(given, wanted);
}

/**
 * Returns whether the header contains the HMAC of the body (RFC 2104), in hex or base64, with or without a prefix such as `sha256=`, and
 * the time is within the tolerance. The comparison takes constant time.
 *
 * @param now milliseconds since 1970
 */
export function isSigned(
  { header, algorithm, secret, timestamp }: Signature,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  now: number,
): boolean {
  const given = headers[header.toLowerCase()];
  if (given === undefined) return false;
  const hmac = createHmac(algorithm, secret);
  if (timestamp) {
    const time = headers[timestamp.header.toLowerCase()] ?? '';
    if (!/^\d{1,12}$/.test(time) || Math.abs(now - Number(time) * 1_000) > timestamp.tolerance) return false;
    hmac.update(`${time}.`);
  }
  const wanted = hmac.update(body).digest();
  const bytes = decode(given.trim().replace(/^sha\d+=/, ''), wanted.length);
  return bytes !== undefined && timingSafeEqual(bytes, wanted);
}

/**
 * Returns the id of a signed event. It depends only on the body and the secret, because headers and path are not signed. The signature
 * cannot be derived from it.
 */
export function signedId({ secret }: Signature, body: Uint8Array): string {
  return `signed-${createHash('sha256').update(createHmac('sha256', secret).update(body).digest()).digest('base64url')}`;
}

function decode(text: string, length: number): Buffer | undefined {
  const isHex = text.length === 2 * length && /^[0-9a-f]+$/i.test(text);
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64');
  return bytes.length === length ? bytes : undefined;
}
