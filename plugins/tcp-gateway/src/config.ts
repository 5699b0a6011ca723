import { duration, secret, size } from '@sluice/plugin-api';
import { z } from 'zod';
import { DEFAULT_LIMITS } from './server/limits.js';

/** A CONNECT with its token must fit into a frame; its size is bounded by the limit for command and headers. */
const MIN_FRAME_BYTES = DEFAULT_LIMITS.maxHead;
/** Bytes that a socket accepts in one write: with a smaller buffer even a client that reads at full speed would count as slow. */
const MIN_BUFFER_BYTES = 64 * 1024;

const mailbox = z.strictObject({
  cap: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('maximum number of events kept for one user; above it the oldest is dropped'),
  keepFor: duration().prefault('8h').describe('how long an event waits for its user if the step does not set keepFor'),
});

const limits = z.strictObject({
  maxFrame: size()
    .refine((bytes) => bytes >= MIN_FRAME_BYTES, 'at least 16KiB: a CONNECT with its token may need that')
    .prefault('4MiB')
    .describe('maximum size of a frame of a client; at least 16KiB'),
  buffer: size()
    .refine((bytes) => bytes >= MIN_BUFFER_BYTES, 'at least 64KiB: with less every client counts as too slow')
    .prefault('1MiB')
    .describe('bytes that may wait for one client to read; further events stay in its mailbox; at least 64KiB'),
  connectionsPerAddress: z
    .int()
    .min(1)
    .default(20_000)
    .describe('connections of one address: all users of a terminal server share one, and so do all clients behind a proxy'),
});

/** `connections.<name>.with` */
export const connection = z.strictObject({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('port for STOMP clients; `SLUICE_STOMP_PORT` of the host (61613) when absent'),
  host: z.string().optional().describe('address to listen at; `SLUICE_HTTP_HOST` of the host when absent'),
  tls: z
    .strictObject({
      cert: z.string().describe('certificate and its chain, PEM'),
      key: secret().describe('private key, PEM'),
    })
    .optional()
    .describe('with it the port accepts TLS only'),
  heartBeat: duration().prefault('10s').describe('interval of heart-beats in both directions; a client may request longer ones'),
  limits: limits.prefault({}).describe('limits of the clients'),
  mailbox: mailbox.prefault({}).describe('events that wait for their users'),
});

export type Config = z.output<typeof connection>;
