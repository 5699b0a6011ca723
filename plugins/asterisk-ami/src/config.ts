import { duration, secret } from '@sluice/plugin-api';
import { z } from 'zod';
import { CHARSETS } from './ami/charset.js';

const MAX_PORT = 65_535;

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('PEM text of a private authority'),
  rejectUnauthorized: z.boolean().default(true).describe('`false`: any certificate is accepted. For trials only'),
});

const doNotCall = z.strictObject({
  numbers: z.array(z.string().min(1)).default([]).describe('numbers that `dial` never dials, written as they are dialled'),
  family: z
    .string()
    .regex(/^[\w-]+$/, 'letters, digits, _ and -')
    .optional()
    .describe(
      "family of Asterisk's own database whose keys are such numbers; looked up before each try; needs the write class `system` or `reporting`",
    ),
});

/** Options of `connections.<name>.with`. */
export const connection = z.strictObject({
  host: z.string().min(1).describe('name or address of the exchange'),
  port: z.int().min(1).max(MAX_PORT).default(5038).describe('port of the manager interface; with TLS usually 5039'),
  user: z.string().min(1).describe('section of manager.conf'),
  secret: secret().describe('secret in manager.conf; the MD5 challenge does not send it'),
  tls: tls.optional().describe('present, also `{}`: the connection is encrypted'),
  plainLogin: z.boolean().default(false).describe('`true`: the secret is sent as it is when Asterisk offers no MD5 challenge'),
  charset: z.enum(CHARSETS).default('utf-8').describe('encoding of names and variables in the dialplan'),
  connectTimeout: duration().prefault('5s').describe('time for the TCP and TLS connection'),
  timeout: duration().prefault('10s').describe('time for the answer to one action, and for the login'),
  keepAlive: duration().prefault('10s').describe('interval of pings; two without any byte of the exchange end the session'),
  maxCalls: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('maximum number of concurrent calls of `dial`, which the trunks can carry; it limits the pace'),
  timezone: z
    .string()
    .min(1)
    .refine(isTimezone, 'an IANA name such as Asia/Yekaterinburg')
    .optional()
    .describe('IANA name of the time zone of the exchange, for `hours` of `dial`; default: that of the workspace'),
  doNotCall: doNotCall.prefault({}).describe('numbers that `dial` must not call'),
});

export type Config = z.output<typeof connection>;

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
