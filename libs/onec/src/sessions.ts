import type { IncomingHttpHeaders } from 'node:http';
import type { Log } from '@sluice/plugin-api';
import type { OnecOptions } from './connection-options.js';

/** A session that waits for its next call. */
interface Lane {
  readonly cookie: string;
  readonly lastUsed: number;
}

/** The session of one call: sends its headers along and tells how the call went. */
export interface Lease {
  readonly headers: Readonly<Record<string, string>>;
  /** True: the call went out on a cookie, so a 400 can mean that the session is gone. */
  readonly resumed: boolean;
  /** The call has ended with this answer, and the session is good for another. */
  keep(answer: { readonly status: number; readonly headers: IncomingHttpHeaders }): void;
  /** The session must not be used again: it is gone, or a call that nobody waits for may still run in it. */
  drop(): void;
}

const WITHOUT: Lease = { headers: {}, resumed: false, keep: () => undefined, drop: () => undefined };

/** Of the age at which the publication ends an idle session: the rest is for the way to it. */
const SAFE_SHARE = 0.8;

/**
 * The sessions that this connection holds in 1C: a session is a lane, and a lane carries one call at a time. A lane's first call asks for
 * the session (`IBSession: start`), so a session costs no call of its own. Where the publication gives no cookie, calls go without.
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

  /** A lane for one call. More calls at once than lanes: the surplus goes without a session of ours. */
  take(session?: 'new session'): Lease {
    if (this.config.mode === 'none' || this.ignored || this.busy >= this.max) return WITHOUT;
    this.busy++;
    return this.lease(session === 'new session' ? undefined : this.freshest()?.cookie);
  }

  /** The cookies of the sessions that are idle and alive; they are forgotten here. */
  takeIdle(): string[] {
    return this.idle
      .splice(0)
      .filter((lane) => this.isAlive(lane))
      .map((lane) => lane.cookie);
  }

  /** The lane used last: under a light load the others grow old and give their licences back. */
  private freshest(): Lane | undefined {
    const lane = this.idle.pop();
    if (!lane || this.isAlive(lane)) return lane;
    this.idle.length = 0; // older than this one
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
      'the publication gives no sessions for IBSession: calls go without; reuseSessions="use" in default.vrd would make them faster';
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
