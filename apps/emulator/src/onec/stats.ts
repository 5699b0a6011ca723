/** What the stand-in saw of one `X-Request-Id`. */
export interface IdStats {
  /** How often it came, the refused calls included. */
  readonly count: number;
  /** Its place in the order of first arrival, from 1. */
  readonly first: number;
  /** How many of its calls ended without an answer: the connection was reset, or the caller went away first. */
  readonly unanswered: number;
}

/** What the stand-in saw. The only witness of a test: nothing here comes from the caller's own counters. */
export interface OnecStats {
  /** Calls that came, the refused ones among them. */
  readonly calls: number;
  /** Calls whose work was carried out. */
  readonly done: number;
  /** Calls past the limit, reset before any work. */
  readonly refused: number;
  /** Calls answered with a trouble that was ordered, or for want of a session. */
  readonly failed: number;
  /** Repeats of a call carried out before, answered with the stored reply. */
  readonly replayed: number;
  /** Repeats that came while the first was still running: 409. */
  readonly conflicts: number;
  /** Descriptions of web services (WSDL) that were read. They are calls too, and take part in the limits; no work is carried out. */
  readonly described: number;
  /** Most calls that were open at the same time. */
  readonly peak: number;
  /** Calls open now. One whose caller went away stays open until its own work ends. */
  readonly inFlight: number;
  /** TCP connections open now. */
  readonly connections: number;
  /** Different `X-Request-Id`s among the calls carried out. */
  readonly distinct: number;
  readonly sessions: { readonly held: number; readonly started: number; readonly overlapped: number };
  /** By `X-Request-Id`, as far as they are kept (`maxIds`). */
  readonly ids?: Readonly<Record<string, IdStats>>;
}

/** The counters that only ever rise. */
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
