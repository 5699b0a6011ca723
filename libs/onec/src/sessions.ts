import type { IncomingHttpHeaders } from 'node:http';
import type { Log } from '@sluice/plugin-api';
import type { OnecOptions } from './connection-options.js';

/** A session that is idle. */
interface Lane {
  readonly cookie: string;
  readonly lastUsed: number;
}

/** The session of one call: the headers to send, and methods for the end of the call. */
export interface Lease {
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the call uses an existing session, so that a 400 can mean that the session is gone. */
  readonly resumed: boolean;
  /** Ends the call with this answer. The session can be used again. */
  keep(answer: { readonly status: number; readonly headers: IncomingHttpHeaders }): void;
  /** Ends the call. The session must not be used again: it is gone, or an abandoned call may still run in it. */
  drop(): void;
}

const WITHOUT: Lease = { headers: {}, resumed: false, keep: () => undefined, drop: () => undefined };

/** Share of the maximum age up to which a session is used; the rest is reserved for the transmission. */
const SAFE_SHARE = 0.8;

/**
 * The sessions that this connection holds in 1C. A session is a lane, and a lane carries one call at a time. The first call of a lane
 * requests the session (`IBSession: start`), so a session needs no call of its own. If the publication sends no cookie, calls go without a
 * session.
 */
export class Sessions {
  private readonly idle: Lane[] = [];
  private busy = 0;
  private ignored = false;

  constructor(
    private readonly config: OnecOptions['sessions'],
    private readonly max: number,
    private readonly log: Log,
    private readonly now: () => number,
  ) {}

  /** Returns a lane for one call. Calls beyond the maximum number of lanes go without a session. */
  take(session?: 'new session'): Lease {
    if (this.config.mode === 'none' || this.ignored || this.busy >= this.max) return WITHOUT;
    this.busy++;
    return this.lease(session === 'new session' ? undefined : this.freshest()?.cookie);
  }

  /** Removes the idle sessions and returns the cookies of those that are still alive. */
  takeIdle(): string[] {
    return this.idle
      .splice(0)
      .filter((lane) => this.isAlive(lane))
      .map((lane) => lane.cookie);
  }

  /** Takes the lane that was used last. Under a light load the other lanes expire and release their licences. */
  private freshest(): Lane | undefined {
    const lane = this.idle.pop();
    if (!lane || this.isAlive(lane)) return lane;
    this.idle.length = 0; // the other lanes are older
    return undefined;
  }

  private isAlive(lane: Lane): boolean {
    return this.now() - lane.lastUsed < this.config.maxAge * SAFE_SHARE;
  }

  private lease(held: string | undefined): Lease {
    let open = true;
    const end = () => {
      if (!open) return false;
      open = false;
      this.busy--;
      return true;
    };
    return {
      resumed: held !== undefined,
      headers: held === undefined ? { ibsession: 'start' } : { cookie: `ibsession=${held}` },
      keep: ({ status, headers }) => {
        if (!end()) return;
        const cookie = sessionCookie(headers) ?? held;
        if (cookie !== undefined) this.idle.push({ cookie, lastUsed: this.now() });
        else if (status < 400) this.isIgnored();
      },
      drop: () => void end(),
    };
  }

  private isIgnored(): void {
    if (this.ignored) return;
    this.ignored = true;
    const message =
      'the publication opens no sessions for IBSession: calls go without; reuseSessions="use" in default.vrd would make them faster';
    if (this.config.mode === 'cookie') this.log.warn(message);
    else this.log.debug(message);
  }
}

function sessionCookie(headers: IncomingHttpHeaders): string | undefined {
  for (const cookie of [headers['set-cookie'] ?? []].flat()) {
    const id = /^ibsession=([^;]+)/i.exec(cookie)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
