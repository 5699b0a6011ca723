import type { Accept, Closable, Host } from '@sluice/plugin-api';
import type { Config } from './config.js';
import { gatewayFail } from './failures.js';
import { SessionHandler } from './delivery/sessions/session-handler.js';
import type { Mailbox } from './delivery/mailbox/mailbox.js';
import { MailboxGauges } from './delivery/mailbox/mailbox-gauges.js';
import { AdminRoutes } from './delivery/http/admin-routes.js';
import { LongPollRoutes } from './delivery/http/long-poll-routes.js';
import { EventDispatcher } from './delivery/dispatch/event-dispatcher.js';
import { Presence, SNAPSHOT_MS } from './delivery/sessions/presence.js';
import { Readers } from './delivery/sessions/mailbox-readers.js';
import { Topics } from './delivery/sessions/topic-subscriptions.js';
import { Waits } from './delivery/sessions/waiting-runs.js';
import { startStompServer, type StompServer } from './server/server.js';

/** A lost hint costs at most so long. */
const COMPARE_MS = 5_000;
const WATCH_MS = 1_000;
const SWEEP_MS = 60_000;
/** Ids that one event `mailbox.dropped` names. */
const MAX_DROPPED_IDS = 1_000;
/** Listening addresses that nobody can reach from another machine: no warning of plain text is needed there. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

const after = (ms: number, run: () => void) => {
  const timer = setTimeout(run, ms).unref();
  return { cancel: () => clearTimeout(timer) };
};

/**
 * The gateway of one connection on one host. Where the host serves clients it listens; where it does not, it only puts events into mailboxes
 * and tells the other hosts.
 */
export class Gateway implements Closable {
  /** Flows that clients may call, by name. */
  readonly flows = new Map<string, Accept>();
  readonly dispatcher: EventDispatcher;
  readonly #presence: Presence;
  readonly #readers: Readers;
  readonly #topics = new Topics();
  readonly #waits: Waits;
  readonly #gauges: MailboxGauges;
  readonly #closing = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #upkeep: Promise<void>;
  readonly #countDropped: (by?: number) => void;
  /** Does this host do what one host does for all? */
  #isCaretaker = false;
  #server: StompServer | undefined;
  #leaveDoors: () => void = () => undefined;

  private constructor(
    private readonly config: Config,
    private readonly host: Host,
    private readonly mailbox: Mailbox,
  ) {
    const { services } = host;
    const now = () => host.now().getTime();
    const { peers } = services;
    this.#waits = new Waits({ mailbox, services });
    this.#readers = new Readers({ mailbox, now, after });
    this.#presence = new Presence({
      peers,
      serves: services.listen !== undefined,
      now,
      freed: (users, from) => this.#tellFreed(users, from),
    });
    this.dispatcher = new EventDispatcher({
      mailbox,
      presence: this.#presence,
      readers: this.#readers,
      topics: this.#topics,
      peers,
      now,
      after,
    });
    this.#countDropped = services.meter.counter('sluice_mailbox_dropped_total', 'Events that went because a mailbox was full');
    services.meter.gauge('sluice_desktop_sessions', 'Sessions of desktop clients on this host', () => this.#presence.sessions);
    services.meter.gauge('sluice_desktop_users', 'Users with a session on this host', () => this.#presence.users);
    this.#gauges = new MailboxGauges({ mailbox, meter: services.meter, now });
    this.#upkeep = services.lease('gateway', this.#closing.signal, (signal) => this.#takeCare(signal));
  }

  /** Rejects with `GATEWAY_PORT` when it cannot listen, and with `STORE_UNAVAILABLE` when there is no database. */
  static async open(config: Config, host: Host, mailbox: Mailbox): Promise<Gateway> {
    const gateway = new Gateway(config, host, mailbox);
    try {
      await gateway.#listen();
      gateway.#keepGoing();
      return gateway;
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  /** Where STOMP clients connect; undefined on a host that serves none. */
  get port(): number | undefined {
    return this.#server?.tcpPort ?? this.#server?.tlsPort;
  }

  /** Has the user a session, on whatever host? */
  isOnline(user: string): boolean {
    return this.#presence.isOnline(user);
  }

  now(): number {
    return this.host.now().getTime();
  }

  /** How long an event is kept when its step does not say. */
  get keepForMs(): number {
    return this.config.mailbox.keepFor;
  }

  /** A user's full name. The short form is enough while one issuer may give the scope `desktop`; throws `GATEWAY_USER` otherwise. */
  fullName(user: string): string {
    if (user.includes('/')) return user;
    const [issuer, ...others] = this.host.services.tokens.issuersOf('desktop');
    if (issuer === undefined || others.length > 0)
      throw gatewayFail.GATEWAY_USER(`which ${user} is meant cannot be told`, { sent: 'no' });
    return `${issuer}/${user}`;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#leaveDoors();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#server?.close();
    this.#presence.close();
    this.dispatcher.close();
    await this.#upkeep;
  }

  async #listen(): Promise<void> {
    const { config, host } = this;
    const { services, log } = host;
    const { listen } = services;
    if (!listen) return;
    const place = { host: config.host ?? listen.host, port: config.port ?? listen.stompPort };
    const handler = new SessionHandler({ ...this.#parts(), services, flows: this.flows, log });
    const { maxFrame, buffer, connectionsPerAddress } = config.limits;
    try {
      this.#server = await startStompServer({
        handler,
        log,
        ...(config.tls ? { tls: { ...place, ...config.tls } } : { tcp: place }),
        limits: { maxFrame, buffer, connectionsPerAddress },
        heartBeat: { send: config.heartBeat, expect: config.heartBeat },
      });
    } catch (error) {
      throw gatewayFail.GATEWAY_PORT(
        `${host.connection} cannot listen at ${place.host}:${place.port}: ${(error as Error).message}`,
        {
          cause: error,
          sent: 'no',
        },
      );
    }
    this.#openDoors(this.#server);
    log.info(
      `${host.connection}: desktops connect at ${place.host}:${this.port ?? 0}${config.tls ? ' by TLS' : ''} and at /stomp`,
    );
    if (!config.tls && !LOOPBACK.test(place.host))
      log.warn(
        `${host.connection}: desktops connect without TLS: tokens and data can be read on the way. Set tls in sluice.yaml`,
      );
  }

  #openDoors({ handleUpgrade }: StompServer): void {
    const { routes: doors, tokens } = this.host.services;
    const operators = new AdminRoutes({ ...this.#parts(), issuers: () => tokens.issuersOf('desktop') });
    const polls = new LongPollRoutes({
      ...this.#parts(),
      fullName: (user) => this.fullName(user),
      now: () => this.now(),
      signal: this.#closing.signal,
    });
    try {
      const leave = [doors.upgrade('/stomp', handleUpgrade), polls.open(doors), operators.open(doors)];
      this.#leaveDoors = () => leave.forEach((each) => each());
    } catch (error) {
      this.host.log.warn(`${this.host.connection}: no WebSocket, no mailbox over HTTP and no /desktops here`, {
        reason: (error as Error).message,
      });
    }
  }

  #parts() {
    return { mailbox: this.mailbox, presence: this.#presence, readers: this.#readers, topics: this.#topics, waits: this.#waits };
  }

  #keepGoing(): void {
    this.#every(SNAPSHOT_MS, () => this.#presence.announceAll());
    this.#every(WATCH_MS, () => this.#presence.freeSilent());
    this.#every(COMPARE_MS, () => this.#readers.compare());
    this.#every(WATCH_MS, () => this.#trim());
  }

  /** What fails because the database is away is made up for the next time. Work that takes longer than its interval skips a turn. */
  #every(ms: number, work: () => Promise<void> | void): void {
    let running = false;
    const run = async () => {
      if (running) return;
      running = true;
      try {
        await work();
      } catch (error) {
        this.host.log.debug(`${this.host.connection}: put off`, { reason: String(error) });
      }
      running = false;
    };
    this.#timers.push(setInterval(() => void run(), ms).unref());
  }

  async #trim(): Promise<void> {
    const dropped = await this.mailbox.trim(this.config.mailbox.cap);
    if (dropped.length === 0) return;
    this.#countDropped(dropped.length);
    const byUser = new Map<string, string[]>();
    for (const { user, id } of dropped) byUser.set(user, [...(byUser.get(user) ?? []), id]);
    for (const [user, ids] of byUser) {
      this.host.log.warn(`${this.host.connection}: the mailbox of ${user} is full, its oldest events went`, {
        count: ids.length,
      });
    }
    for (const [user, ids] of byUser) {
      for (let at = 0; at < ids.length; at += MAX_DROPPED_IDS)
        await this.#publishDropped(user, ids.slice(at, at + MAX_DROPPED_IDS));
    }
  }

  /** The events are gone: when the broker is away, the log names them instead. */
  async #publishDropped(user: string, ids: readonly string[]): Promise<void> {
    try {
      await this.host.services.publish({ type: 'mailbox.dropped', subject: user, data: { user, ids } });
    } catch (error) {
      this.host.log.warn(`${this.host.connection}: mailbox.dropped could not be published`, { user, ids, reason: String(error) });
    }
  }

  async #takeCare(signal: AbortSignal): Promise<void> {
    this.#isCaretaker = true;
    const timer = setInterval(() => void this.mailbox.sweep().catch(() => undefined), SWEEP_MS).unref();
    await this.#gauges.watch(signal);
    clearInterval(timer);
    this.#isCaretaker = false;
  }

  #tellFreed(users: readonly string[], from: string): void {
    this.host.log.warn(`${this.host.connection}: another host is gone, and ${users.length} users with it`, { host: from });
    if (!this.#isCaretaker || !this.host.services.isTaken('user.disconnected')) return;
    for (const user of users) {
      const data = { user, host: from, sessions: 0 };
      this.host.services.publish({ type: 'user.disconnected', subject: user, data }).catch(() => undefined);
    }
  }
}
