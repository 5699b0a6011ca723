/** What the desktops saw. */
export interface DesktopStats {
  readonly users: number;
  /** Let in by the gateway and not cut off. */
  readonly online: number;
  /** Times that one was let in. */
  readonly connects: number;
  /** Times that a session was lost or ended. */
  readonly losses: number;
  /** From the first wish to connect until everybody was in, the first time; absent until then. */
  readonly allOnlineMs?: number;
  /** MESSAGE frames. */
  readonly received: number;
  /** Different events, counted for each user. */
  readonly distinct: number;
  /** Frames whose event their user had received before. */
  readonly repeated: number;
  /** Frames that said `redelivered:true`. */
  readonly redelivered: number;
  /** What went wrong, by its words, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** With `ids`: how many times each event was received, by all users together. */
  readonly ids?: Readonly<Record<string, number>>;
}

/** Failures with different words that are told apart; the rest are counted together. */
const MAX_WORDS = 20;

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

  letIn(): void {
    this.#connects++;
    if (++this.#online === this.users) this.#allOnlineMs ??= performance.now() - this.#started;
  }

  lost(): void {
    this.#losses++;
    this.#online--;
  }

  failed(words: string): void {
    const known = this.#failures.has(words) || this.#failures.size < MAX_WORDS ? words : 'others';
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

  /** Forgets events and failures. Who is online stays so. */
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
