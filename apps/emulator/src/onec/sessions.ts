import { randomUUID } from 'node:crypto';

/** Why a call got no session. `busy`: the pool stayed full for the whole pool timeout. */
export type NoSession = 'unknown' | 'busy' | 'licence';

interface Session {
  readonly id: string;
  calls: number;
  fresh: boolean;
  expiry: NodeJS.Timeout;
}

/** A session for the time of one call. */
export interface Seat {
  /** Present when the session outlives the call. */
  readonly cookie?: string;
  /** The first call in this session. */
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
 * The sessions of one publication. A session that was asked for with `IBSession: start` is held until it is finished or has been idle
 * for `maxAgeMs`; a call without a cookie holds one while it runs. Both count against the pool and take a licence.
 */
export class SessionPool {
  private readonly open = new Map<string, Session>();
  private passing = 0;
  private waiting: (() => void)[] = [];
  private warm = false;
  started = 0;
  /** Calls that came on a cookie while another call on it was still running. */
  overlapped = 0;

  constructor(private readonly limits: SessionLimits) {}

  get held(): number {
    return this.open.size + this.passing;
  }

  /** A session of its own, kept for later calls. */
  async start(): Promise<Seat | NoSession> {
    const refused = await this.room();
    if (refused) return refused;
    const session: Session = { id: randomUUID(), calls: 0, fresh: true, expiry: this.expiryOf(() => session) };
    this.open.set(session.id, session);
    this.passing--; // the place that it was let in on is now its own
    this.started++;
    return this.sit(session);
  }

  /** The session of the cookie. */
  resume(cookie: string): Seat | 'unknown' {
    const session = this.open.get(cookie);
    return session ? this.sit(session) : 'unknown';
  }

  /** A session for this call only. */
  async pass(): Promise<Seat | NoSession> {
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

  private sit(session: Session): Seat {
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

  /** Waits until the pool has room, and takes it; says why there is none. */
  private async room(): Promise<NoSession | undefined> {
    const until = performance.now() + this.limits.poolTimeoutMs;
    while (this.held >= this.limits.sessions) {
      const left = until - performance.now();
      if (left <= 0) return 'busy';
      await this.someoneLeaves(left);
    }
    if (this.held >= this.limits.licences) return 'licence';
    this.passing++;
    return undefined;
  }

  private someoneLeaves(withinMs: number): Promise<void> {
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
