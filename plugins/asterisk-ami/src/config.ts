import { duration, secret } from '@sluice/plugin-api';
import { z } from 'zod';
import { CHARSETS } from './ami/charset.js';

const MAX_PORT = 65_535;

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('PEM text of a private authority'),
  rejectUnauthorized: z.boolean().default(true).describe('`false`: any certificate will do. For trials only'),
});

const doNotCall = z.strictObject({
  numbers: z.array(z.string().min(1)).default([]).describe('numbers that `dial` never dials, written as they are dialled'),
  family: z
    .string()
    .regex(/^[\w-]+$/, 'letters, digits, _ and -')
    .optional()
    .describe(
      'family of the database of Asterisk whose keys are such numbers; read before each try; needs the read class `reporting`',
    ),
});

/** `connections.<name>.with` */
export const connection = z.strictObject({
  host: z.string().min(1).describe('name or address of the exchange'),
  port: z.int().min(1).max(MAX_PORT).default(5038).describe('of the manager interface; with TLS usually 5039'),
  user: z.string().min(1).describe('section of manager.conf'),
  secret: secret().describe('its secret, which is not sent itself (MD5 challenge)'),
  tls: tls.optional().describe('given: the connection is encrypted'),
  plainLogin: z.boolean().default(false).describe('true: sends the secret itself to an exchange without the MD5 challenge'),
  charset: z.enum(CHARSETS).default('utf-8').describe('encoding of names and variables in the dialplan'),
  connectTimeout: duration().prefault('5s').describe('maximum time for connecting to the exchange'),
  timeout: duration().prefault('10s').describe('maximum time of its response to one action, the login included'),
  keepAlive: duration()
    .prefault('10s')
    .describe('interval of pings to a silent exchange; two without a response end the session'),
  maxCalls: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('maximum number of concurrent calls of `dial`, whatever the pace allows'),
  timezone: z
    .string()
    .min(1)
    .refine(isTimezone, 'an IANA name such as Asia/Yekaterinburg')
    .optional()
    .describe("where the exchange is: `hours` of `dial` are local times there. Absent: the workspace's"),
  doNotCall: doNotCall.prefault({}).describe('numbers that a campaign must not call'),
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
