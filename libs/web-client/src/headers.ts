import { z } from 'zod';

/** Headers that HTTP/1.1 and the credentials of a connection need. */
const RESERVED = [
  'accept-encoding', // the client decompresses answers, but requests no compression
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
];

const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header can contain Latin letters only: encode the value');

/** Returns the schema of headers that a flow or a connection may set. `reserved`: headers that the connector writes, in lower case. */
export function headers(reserved: readonly string[]) {
  const taken = new Set([...RESERVED, ...reserved]);
  const headerName = z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'this is not a name of a header')
    .refine((name) => !taken.has(name.toLowerCase()), 'the connection writes this header: leave it out');
  return z.record(headerName, headerValue);
}

/** Returns the headers with lower-case names, so that a header of the caller replaces the default one instead of joining it. */
export function lowerCase(named: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name.toLowerCase(), value]));
}
