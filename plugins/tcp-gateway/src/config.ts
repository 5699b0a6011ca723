import { duration, secret, size } from '@sluice/plugin-api';
import { z } from 'zod';
import { DEFAULT_LIMITS } from './server/limits.js';

/** A client must be able to send a CONNECT with its token, whose bound is that of all heads. */
const MIN_FRAME_BYTES = DEFAULT_LIMITS.maxHead;
/** What a socket takes in one go: with less, a client that reads at full speed counts as slow, and with nothing it gets nothing. */
const MIN_BUFFER_BYTES = 64 * 1024;

const mailbox = z.strictObject({
  cap: z.int().min(1).max(100_000).default(1_000).describe('events kept for one user at most; past it the oldest goes'),
  keepFor: duration().prefault('8h').describe('how long an event waits for its user, when the step does not say'),
});

const limits = z.strictObject({
  maxFrame: size()
    .refine((bytes) => bytes >= MIN_FRAME_BYTES, 'at least 16KiB: a CONNECT with its token may need that')
    .prefault('4MiB')
    .describe('largest frame that a client may send'),
  buffer: size()
    .refine((bytes) => bytes >= MIN_BUFFER_BYTES, 'at least 64KiB: with less no client is fast enough to be sent anything')
    .prefault('1MiB')
    .describe('what may wait for one client to read, before the rest stays in its mailbox'),
  connectionsPerAddress: z.int().min(1).default(20_000).describe('all users of a terminal server share one address'),
});

/** `connections.<name>.with` */
export const connection = z.strictObject({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('where STOMP clients connect; SLUICE_STOMP_PORT of the host when it is left out'),
  host: z.string().optional().describe('the address to listen at; SLUICE_HTTP_HOST of the host when it is left out'),
  tls: z
    .strictObject({
      cert: z.string().describe('certificate and its chain, PEM'),
      key: secret().describe('private key, PEM'),
    })
    .optional()
    .describe('given: the port speaks TLS only'),
  heartBeat: duration().prefault('10s').describe('how often each side shows that it is there, unless the client wants it rarer'),
  limits: limits.prefault({}),
  mailbox: mailbox.prefault({}),
});

export type Config = z.output<typeof connection>;
