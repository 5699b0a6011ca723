import { randomUUID } from 'node:crypto';

/** Reason why a call gets no session. `busy`: the pool stayed full for the whole pool timeout. */
export type NoSession = 'unknown' | 'busy' | 'licence';

interface Session {
  readonly id: string;
  calls: number;
  fresh: boolean;
  expiry: NodeJS.Timeout;
}

/** The use of a session by one call. */
export interface SessionUse {
  /** Present when the session outlives the call. */
  readonly cookie?: string;
  /** True for the first call in this session. */
  readonly cold: boolean;
  leave(): void;
}

export interface SessionLimits {
  readonly sessions: number;
  readonly licences: number;
  readonly maxAgeMs: number;
  readonly poolTimeoutMs: number;
}

/**
 * The sessions of one publication. A session that a call starts with `IBSession: start` exists until it is finished or has been idle for
 * `maxAgeMs`; a call without a cookie has a session while it runs. Both count against the pool and need a licence.
 */
export class SessionPool {
  private readonly open = new Map<string, Session>();
  private passing = 0;
  private waiting: (() => void)[] = [];
  private warm = false;
  started = 0;
  /** Calls with the cookie of a session in which another call was still running. */
  overlapped = 0;

  constructor(private readonly limits: SessionLimits) {}

  get held(): number {
    return this.open.size + this.passing;
  }

  /** Starts a session that exists after the call. */
  async start(): Promise<SessionUse | NoSession> {
    const refused = await this.room();
    if (refused) return refused;
    const session: Session = { id: randomUUID(), calls: 0, fresh: true, expiry: this.expiryOf(() => session) };
    this.open.set(session.id, session);
    this.passing--; // `room` has counted this call as one without a cookie
    this.started++;
    return this.use(session);
  }

  /** Returns the use of the session of the cookie. */
  resume(cookie: string): SessionUse | 'unknown' {
    const session = this.open.get(cookie);
    return session ? this.use(session) : 'unknown';
  }

  /** Starts a session for this call only. */
  async pass(): Promise<SessionUse | NoSession> {
    const refused = await this.room();
    if (refused) return refused;
    const cold = !this.warm;
    this.warm = true;
    return { cold, leave: () => this.freed(() => this.passing--) };
  }

  finish(cookie: string): void {
    const session = this.open.get(cookie);
    if (!session) return;
    clearTimeout(session.expiry);
    this.freed(() => this.open.delete(cookie));
  }

  close(): void {
    for (const cookie of [...this.open.keys()]) this.finish(cookie);
  }

  private use(session: Session): SessionUse {
    const cold = session.fresh;
    session.fresh = false;
    if (session.calls++ > 0) this.overlapped++;
    return {
      cookie: session.id,
      cold,
      leave: () => {
        session.calls--;
        if (this.open.has(session.id)) session.expiry.refresh();
      },
    };
  }

  private expiryOf(session: () => Session): NodeJS.Timeout {
    const expire = () => {
      if (session().calls === 0) this.finish(session().id);
      else session().expiry.refresh();
    };
    return setTimeout(expire, this.limits.maxAgeMs).unref();
  }

  /** Waits until the pool has room and takes it. Resolves with the reason when there is none. */
  private async room(): Promise<NoSession | undefined> {
    const until = performance.now() + this.limits.poolTimeoutMs;
    while (this.held >= this.limits.sessions) {
      const left = until - performance.now();
      if (left <= 0) return 'busy';
      await this.sessionFreed(left);
    }
    if (this.held >= this.limits.licences) return 'licence';
    this.passing++;
    return undefined;
  }

  private sessionFreed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== wake);
        resolve();
      }, withinMs);
      this.waiting.push(wake);
    });
  }

  private freed(change: () => unknown): void {
    change();
    this.waiting.shift()?.();
  }
}
