/** Counters of the desktop clients. */
export interface DesktopStats {
  readonly users: number;
  /** Number of connected users. */
  readonly online: number;
  /** Number of accepted connections so far. */
  readonly connects: number;
  /** Number of lost or ended sessions. */
  readonly losses: number;
  /** Milliseconds from the start until all users were connected for the first time; absent until then. */
  readonly allOnlineMs?: number;
  /** Number of MESSAGE frames. */
  readonly received: number;
  /** Number of different events, counted for each user. */
  readonly distinct: number;
  /** Number of frames whose event the user had received before. */
  readonly repeated: number;
  /** Number of frames with the header `redelivered`. */
  readonly redelivered: number;
  /** Number of failures by text. */
  readonly failures: Readonly<Record<string, number>>;
  /** With `ids`: number of receptions of each event by all users. */
  readonly ids?: Readonly<Record<string, number>>;
}

/** Maximum number of failure texts that are counted separately; others are counted together. */
const MAX_FAILURE_TEXTS = 20;

export class DesktopTally {
  #connects = 0;
  #losses = 0;
  #online = 0;
  #received = 0;
  #distinct = 0;
  #redelivered = 0;
  #allOnlineMs: number | undefined;
  readonly #started = performance.now();
  readonly #failures = new Map<string, number>();
  readonly #seen = new Map<string, Set<string>>();
  readonly #ids = new Map<string, number>();

  constructor(readonly users: number) {}

  connected(): void {
    this.#connects++;
    if (++this.#online === this.users) this.#allOnlineMs ??= performance.now() - this.#started;
  }

  lost(): void {
    this.#losses++;
    this.#online--;
  }

  failed(text: string): void {
    const known = this.#failures.has(text) || this.#failures.size < MAX_FAILURE_TEXTS ? text : 'others';
    this.#failures.set(known, (this.#failures.get(known) ?? 0) + 1);
  }

  received(user: string, id: string, redelivered: boolean): void {
    this.#received++;
    if (redelivered) this.#redelivered++;
    const seen = this.#seen.get(user) ?? new Set();
    this.#seen.set(user, seen);
    if (!seen.has(id)) this.#distinct++;
    seen.add(id);
    this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1);
  }

  /** Resets the counters of events and failures. Connections stay. */
  reset(): void {
    this.#connects = this.#losses = this.#received = this.#distinct = this.#redelivered = 0;
    this.#failures.clear();
    this.#seen.clear();
    this.#ids.clear();
  }

  stats(withIds: boolean): DesktopStats {
    return {
      users: this.users,
      online: this.#online,
      connects: this.#connects,
      losses: this.#losses,
      ...(this.#allOnlineMs !== undefined && { allOnlineMs: Math.round(this.#allOnlineMs) }),
      received: this.#received,
      distinct: this.#distinct,
      repeated: this.#received - this.#distinct,
      redelivered: this.#redelivered,
      failures: Object.fromEntries(this.#failures),
      ...(withIds && { ids: Object.fromEntries(this.#ids) }),
    };
  }
}
