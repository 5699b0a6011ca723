/** Counters of one `X-Request-Id`. */
export interface IdStats {
  /** Number of calls, refused ones included. */
  readonly count: number;
  /** Its position in the order of first arrival, from 1. */
  readonly first: number;
  /** Number of its calls without an answer: the connection was reset, or the caller disconnected first. */
  readonly unanswered: number;
}

/** Counters of the stand-in. Tests compare with them, because they are independent of the counters of the caller. */
export interface OnecStats {
  /** Received calls, refused ones included. */
  readonly calls: number;
  /** Calls whose work was carried out. */
  readonly done: number;
  /** Calls beyond the limit, whose connection was reset before any work. */
  readonly refused: number;
  /** Calls answered with a fault, or with the lack of a session. */
  readonly failed: number;
  /** Repeats of a finished call, answered with the stored reply. */
  readonly replayed: number;
  /** Repeats during the first call, answered with 409. */
  readonly conflicts: number;
  /** Requests for the description (WSDL) of a web service. They are calls within the limits, without work. */
  readonly described: number;
  /** Maximum number of concurrent calls so far. */
  readonly peak: number;
  /** Number of open calls. A call whose caller has disconnected is open until its work ends. */
  readonly inFlight: number;
  /** Number of open TCP connections. */
  readonly connections: number;
  /** Number of different `X-Request-Id`s of finished calls. */
  readonly distinct: number;
  readonly sessions: { readonly held: number; readonly started: number; readonly overlapped: number };
  /** Counters by kept `X-Request-Id` (`maxIds`). */
  readonly ids?: Readonly<Record<string, IdStats>>;
}

/** The counters that never fall. */
export class Tally {
  calls = 0;
  done = 0;
  refused = 0;
  failed = 0;
  replayed = 0;
  conflicts = 0;
  described = 0;
  peak = 0;
}
