import { z } from 'zod';

/** What HTTP/1.1 and the credentials of a connection need for themselves. */
const RESERVED = [
  'accept-encoding', // an answer is unpacked, and none is asked to be packed
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

const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header carries Latin letters only: encode the value');

/** Headers that a flow or a connection may give. `reserved`: what the connector writes itself, in lower case. */
export function headers(reserved: readonly string[]) {
  const taken = new Set([...RESERVED, ...reserved]);
  const headerName = z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'not the name of a header')
    .refine((name) => !taken.has(name.toLowerCase()), 'the connection writes this header itself');
  return z.record(headerName, headerValue);
}

/** So that one that is given replaces ours of the same name, instead of joining it. */
export function lowerCase(named: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name.toLowerCase(), value]));
}
