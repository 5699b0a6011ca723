import type { ParserLimits } from '../stomp/parser.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** TCP keep-alive detects a client without heart-beats whose machine has lost its power. */
export const KEEP_ALIVE_MS = 60_000;

/**
 * Bounds on the resources of clients. Durations in milliseconds, sizes in bytes. A "stranger" is a connection that has not completed
 * CONNECT.
 */
export interface Limits extends ParserLimits {
  /** Bytes that may wait for one client to read before further deliveries to it are rejected; at least 64 KiB. */
  readonly buffer: number;
  /** Time from the connection to a whole CONNECT, the TLS handshake included. */
  readonly connectTimeout: number;
  /** Time from the first byte of a frame to its last. */
  readonly frameTimeout: number;
  /** Time for which a client may leave waiting bytes unread. */
  readonly stallTimeout: number;
  /** Time that a client may take to close after the last frame was sent. */
  readonly closeTimeout: number;
  /** Connections of one address. High, because all users of a terminal server share one address. */
  readonly connectionsPerAddress: number;
  /** Connections of one address that have not completed CONNECT. */
  readonly strangersPerAddress: number;
  /** Connections of all addresses that have not completed CONNECT. */
  readonly strangers: number;
  /** Bytes of incomplete CONNECT frames of all connections together. */
  readonly strangerBytes: number;
  /** Tokens that are verified at once; further clients wait. */
  readonly authentications: number;
  readonly subscriptions: number;
  /** Subscriptions of one session to one destination: each of them receives a copy of every message. */
  readonly subscriptionsPerDestination: number;
  /** Frames of one client that are processed at once; at this number the server stops reading from it. */
  readonly working: number;
  readonly transactions: number;
  /** Frames of one transaction. `maxFrame` bounds the bytes of all transactions of a session together. */
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
