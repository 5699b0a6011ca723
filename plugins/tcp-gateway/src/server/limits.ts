import type { ParserLimits } from '../stomp/parser.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** The system asks idle clients after a minute whether they are there: a client without heart-beats may have lost its power. */
export const KEEP_ALIVE_MS = 60_000;

/** Bounds of what clients may take of this host. Durations in milliseconds, sizes in bytes. */
export interface Limits extends ParserLimits {
  /** What may wait for one client to read, before its deliveries are refused; at least 64 KiB. */
  readonly buffer: number;
  /** From the connection to CONNECT, the TLS handshake included. */
  readonly connectTimeout: number;
  /** From the first byte of a frame to its last. */
  readonly frameTimeout: number;
  /** How long a client may leave what waits for it unread. */
  readonly stallTimeout: number;
  /** How long a client may take to close, after it was told to. */
  readonly closeTimeout: number;
  /** Connections of one address: many, because all users of a terminal server share one. */
  readonly connectionsPerAddress: number;
  /** Those of them that have not been let in yet. */
  readonly strangersPerAddress: number;
  /** Connections of all addresses that have not been let in yet. */
  readonly strangers: number;
  /** What all of these may have sent of a CONNECT that is not whole yet. */
  readonly strangerBytes: number;
  /** Tokens that are checked at once; further clients wait. */
  readonly authentications: number;
  readonly subscriptions: number;
  /** Subscriptions of one session to one destination: each of them is sent a copy of everything. */
  readonly subscriptionsPerDestination: number;
  /** Frames of one client that are being worked on, before no more is read from it. */
  readonly working: number;
  readonly transactions: number;
  /** Frames in one transaction. Their bytes are bounded by `maxFrame` together. */
  readonly transactionFrames: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFrame: 4 * MiB,
  maxHead: 16 * KiB,
  maxHeaders: 128,
  buffer: MiB,
  connectTimeout: 10_000,
  frameTimeout: 120_000,
  stallTimeout: 120_000,
  closeTimeout: 5_000,
  connectionsPerAddress: 20_000,
  strangersPerAddress: 5_000,
  strangers: 10_000,
  strangerBytes: 32 * MiB,
  authentications: 64,
  subscriptions: 100,
  subscriptionsPerDestination: 10,
  working: 256,
  transactions: 16,
  transactionFrames: 1_000,
};
