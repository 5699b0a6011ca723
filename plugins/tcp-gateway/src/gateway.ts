import { setMaxListeners } from 'node:events';
import type {
  Accept,
  Closable,
  DesktopDeliveryOptions,
  DesktopEvent,
  DesktopGateway,
  Host,
  Recipients,
  Timer,
} from '@sluice/plugin-api';
import type { Config } from './config.js';
import { checkDelivery, contentOf } from './delivery/dispatch/event-content.js';
import { EventDispatcher, type DispatchResult } from './delivery/dispatch/event-dispatcher.js';
import { AdminRoutes } from './delivery/http/admin-routes.js';
import { LongPollRoutes } from './delivery/http/long-poll-routes.js';
import { MailboxGauges } from './delivery/mailbox/mailbox-gauges.js';
import type { Mailbox } from './delivery/mailbox/mailbox.js';
import { MailboxReaders } from './delivery/sessions/mailbox-readers.js';
import { PluginDestinations } from './delivery/sessions/plugin-destinations.js';
import { Presence, SNAPSHOT_INTERVAL_MS } from './delivery/sessions/presence.js';
import { SessionHandler } from './delivery/sessions/session-handler.js';
import { SubscriptionTable } from './delivery/sessions/subscription-table.js';
import { WAIT_HEADER, WaitingRuns } from './delivery/sessions/waiting-runs.js';
import { gatewayFail } from './failures.js';
import { startStompServer, type StompServer } from './server/server.js';

/** Interval of the search for events whose notification was lost, and so the maximum delay of such an event. */
const COMPARE_INTERVAL_MS = 5_000;
const SILENT_HOSTS_INTERVAL_MS = 1_000;
const TRIM_INTERVAL_MS = 1_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Maximum number of ids in one event `mailbox.dropped`. */
const MAX_DROPPED_IDS = 1_000;
/** Addresses that other machines cannot reach, so plain text needs no warning there. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/**
 * The gateway of one connection on one host. On a host that serves clients it listens for them. On other hosts it only puts events into
 * mailboxes and notifies the hosts with clients.
 */
export class Gateway implements Closable {
  /** Flows that clients may call, by name. */
  readonly flows = new Map<string, Accept>();
  readonly dispatcher: EventDispatcher;
  readonly #presence: Presence;
  readonly #readers: MailboxReaders;
  readonly #topics = new SubscriptionTable();
  readonly #destinations: PluginDestinations;
  readonly #waitingRuns: WaitingRuns;
  readonly #gauges: MailboxGauges;
  readonly #closing = new AbortController();
  readonly #timers: Timer[] = [];
  readonly #upkeep: Promise<void>;
  readonly #countDropped: (by?: number) => void;
  /** Whether this host holds the lease for tasks that one host does for all hosts. */
  #isCaretaker = false;
  #server: StompServer | undefined;
  #removeRoutes: () => void = () => undefined;

  private constructor(
    private readonly config: Config,
    private readonly host: Host,
    private readonly mailbox: Mailbox,
  ) {
    const { services, log } = host;
    const { clock } = host;
    // each waiting long poll listens to it, and Node reports more than ten listeners as a leak
    setMaxListeners(0, this.#closing.signal);
    const now = () => clock.now();
    const after = (ms: number, run: () => void) => clock.after(ms, run).unref();
    const { peers } = services;
    this.#waitingRuns = new WaitingRuns({ mailbox, services });
    this.#readers = new MailboxReaders({ mailbox, clock, after });
    this.#presence = new Presence({
      peers,
      serves: services.listen !== undefined,
      monotonic: () => clock.monotonic(),
      onHostLost: (users, from) => this.#reportLostHost(users, from),
    });
    this.#destinations = new PluginDestinations({
      peers,
      log,
      after,
      broadcast: (broadcast) => this.dispatcher.broadcast(broadcast),
    });
    this.dispatcher = new EventDispatcher({
      mailbox,
      presence: this.#presence,
      readers: this.#readers,
      topics: this.#topics,
      destinations: this.#destinations,
      peers,
      now,
      after,
    });
    this.#countDropped = services.meter.counter('sluice_mailbox_dropped_total', 'Events that were removed from full mailboxes');
    services.meter.gauge('sluice_desktop_sessions', 'Sessions of desktop clients on this host', () => this.#presence.sessions);
    services.meter.gauge('sluice_desktop_users', 'Users with a session on this host', () => this.#presence.users);
    this.#gauges = new MailboxGauges({ mailbox, meter: services.meter, clock });
    this.#upkeep = services.lease('gateway', this.#closing.signal, (signal) => this.#takeCare(signal));
  }

  /** Opens a gateway. Rejects with `GATEWAY_PORT` when it cannot listen, and with `STORE_UNAVAILABLE` when there is no database. */
  static async open(config: Config, host: Host, mailbox: Mailbox): Promise<Gateway> {
    const gateway = new Gateway(config, host, mailbox);
    try {
      await gateway.#listen();
      gateway.#startTimers();
      return gateway;
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  /** The port for STOMP clients; undefined on a host that serves no clients. */
  get port(): number | undefined {
    return this.#server?.tcpPort ?? this.#server?.tlsPort;
  }

  /** Returns whether the user has a session on any host. */
  isOnline(user: string): boolean {
    return this.#presence.isOnline(user);
  }

  /** Whether another gateway host is known. */
  get hasPeers(): boolean {
    return this.#presence.hasPeers;
  }

  now(): number {
    return this.host.clock.now();
  }

  /** The interface of the gateway for other plugins. */
  get forPlugins(): DesktopGateway {
    return {
      deliver: (to, event, options) => this.deliver('length' in to ? to : [to], event, options),
      registerDestination: (spec, signal) => this.#destinations.register(spec, signal),
      presence: {
        isOnline: (user) => this.#presence.isOnline(user),
        users: () => this.#presence.online(),
        sessionsOf: (user) => this.#presence.sessionsOf(user),
        usersAt: (workplace) => this.#presence.usersAt(workplace),
        onChange: (listener, signal) => {
          const stop = this.#presence.onChange((change) => {
            try {
              listener(change);
            } catch (error) {
              this.host.log.error('a plugin failed to process a change of presence', { error });
            }
          });
          if (signal.aborted) stop();
          else signal.addEventListener('abort', stop, { once: true });
        },
      },
    };
  }

  /**
   * Delivers an event to users, as {@link DesktopGateway.deliver} describes it.
   *
   * @throws `GATEWAY_EVENT`, `GATEWAY_USER`, `GATEWAY_WAIT`, `STORE_UNAVAILABLE`
   */
  async deliver(
    recipients: readonly Recipients[],
    event: DesktopEvent,
    options: DesktopDeliveryOptions = {},
  ): Promise<DispatchResult> {
    checkDelivery(recipients, options);
    const { offline = {}, expiresInMs, spreadMs = 0, wait } = options;
    const to = recipients.map((one) => ('user' in one ? { user: this.fullName(one.user) } : one));
    const content = contentOf(event, {
      ...(expiresInMs !== undefined && { expires: String(this.now() + expiresInMs) }),
      ...(wait && { [WAIT_HEADER]: wait.for }),
      ...(wait?.for === 'reply' && { 'reply-to': `/answers/${event.id}` }),
    });
    if (offline === 'drop') return this.dispatcher.broadcastToUsers(to, content, spreadMs);
    const { keepForMs = this.config.mailbox.keepFor, collapseKey } = offline;
    return this.dispatcher.enqueue(to, content, {
      keepForMs: Math.min(keepForMs, expiresInMs ?? Number.POSITIVE_INFINITY),
      spreadMs,
      ...(collapseKey !== undefined && { collapseKey }),
      ...(wait && { wait: { kind: wait.for, token: wait.token, until: wait.deadline.getTime() } }),
    });
  }

  /** Returns a user's full name. A short name requires that exactly one issuer may grant the scope `desktop`. Throws `GATEWAY_USER` otherwise. */
  fullName(user: string): string {
    if (user.includes('/')) return user;
    const [issuer, ...others] = this.host.services.tokens.issuersOf('desktop');
    if (issuer === undefined || others.length > 0)
      throw gatewayFail.GATEWAY_USER(
        `the name ${user} needs an issuer, because several or no issuers may grant the scope desktop`,
        { sent: 'no' },
      );
    return `${issuer}/${user}`;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#removeRoutes();
    for (const timer of this.#timers) timer.cancel();
    await this.#server?.close();
    this.#presence.close();
    this.dispatcher.close();
    this.#destinations.close();
    await this.#upkeep;
  }

  async #listen(): Promise<void> {
    const { config, host } = this;
    const { services, log } = host;
    const { listen } = services;
    if (!listen) return;
    const address = { host: config.host ?? listen.host, port: config.port ?? listen.stompPort };
    const handler = new SessionHandler({ ...this.#parts(), services, flows: this.flows, log });
    const { maxFrame, buffer, connectionsPerAddress } = config.limits;
    try {
      this.#server = await startStompServer({
        handler,
        log,
        clock: host.clock,
        ...(config.tls ? { tls: { ...address, ...config.tls } } : { tcp: address }),
        limits: { maxFrame, buffer, connectionsPerAddress },
        heartBeat: { send: config.heartBeat, expect: config.heartBeat },
      });
    } catch (error) {
      throw gatewayFail.GATEWAY_PORT(
        `${host.connection} cannot listen at ${address.host}:${address.port}: ${(error as Error).message}`,
        {
          cause: error,
          sent: 'no',
        },
      );
    }
    this.#registerRoutes(this.#server);
    log.info(
      `${host.connection}: desktops connect at ${address.host}:${this.port ?? 0}${config.tls ? ' by TLS' : ''} and at /stomp`,
    );
    if (!config.tls && !LOOPBACK.test(address.host))
      log.warn(
        `${host.connection}: desktops connect without TLS: others can read tokens and data in the network. Set tls in sluice.yaml`,
      );
  }

  #registerRoutes({ handleUpgrade }: StompServer): void {
    const { routes, tokens } = this.host.services;
    const admin = new AdminRoutes({ ...this.#parts(), issuers: () => tokens.issuersOf('desktop') });
    const polls = new LongPollRoutes({
      ...this.#parts(),
      fullName: (user) => this.fullName(user),
      clock: this.host.clock,
      signal: this.#closing.signal,
    });
    try {
      const removes = [routes.upgrade('/stomp', handleUpgrade), polls.register(routes), admin.register(routes)];
      this.#removeRoutes = () => removes.forEach((remove) => remove());
    } catch (error) {
      this.host.log.warn(`${this.host.connection}: failed to register the routes /stomp, /mailbox, /desktops and /mailboxes`, {
        reason: (error as Error).message,
      });
    }
  }

  #parts() {
    return {
      mailbox: this.mailbox,
      presence: this.#presence,
      readers: this.#readers,
      topics: this.#topics,
      destinations: this.#destinations,
      waitingRuns: this.#waitingRuns,
    };
  }

  #startTimers(): void {
    this.#every(SNAPSHOT_INTERVAL_MS, () => this.#presence.announceAll());
    this.#every(SILENT_HOSTS_INTERVAL_MS, () => this.#presence.removeSilentHosts());
    this.#every(COMPARE_INTERVAL_MS, () => this.#readers.compare());
    this.#every(TRIM_INTERVAL_MS, () => this.#trim());
  }

  /** Repeats a task. A failure, for example while the database is unavailable, is logged. A run is skipped while the last one is running. */
  #every(ms: number, work: () => Promise<void> | void): void {
    let running = false;
    const run = async () => {
      if (running) return;
      running = true;
      try {
        await work();
      } catch (error) {
        this.host.log.debug(`${this.host.connection}: a periodic task of the gateway failed and is repeated`, {
          reason: String(error),
        });
      }
      running = false;
    };
    this.#timers.push(this.host.clock.every(ms, () => void run()).unref());
  }

  async #trim(): Promise<void> {
    const dropped = await this.mailbox.trim(this.config.mailbox.cap);
    if (dropped.length === 0) return;
    this.#countDropped(dropped.length);
    const byUser = new Map<string, string[]>();
    for (const { user, id } of dropped) byUser.set(user, [...(byUser.get(user) ?? []), id]);
    for (const [user, ids] of byUser) {
      this.host.log.warn(`${this.host.connection}: the mailbox of ${user} is full, its oldest events were removed`, {
        count: ids.length,
      });
    }
    for (const [user, ids] of byUser) {
      for (let at = 0; at < ids.length; at += MAX_DROPPED_IDS)
        await this.#publishDropped(user, ids.slice(at, at + MAX_DROPPED_IDS));
    }
  }

  /** Publishes the ids of removed events. While the broker is unavailable they are logged instead. */
  async #publishDropped(user: string, ids: readonly string[]): Promise<void> {
    try {
      await this.host.services.publish({ type: 'mailbox.dropped', subject: user, data: { user, ids } });
    } catch (error) {
      this.host.log.warn(`${this.host.connection}: mailbox.dropped could not be published`, { user, ids, reason: String(error) });
    }
  }

  /** Does the tasks that one host does for all hosts, while this host holds the lease. */
  async #takeCare(signal: AbortSignal): Promise<void> {
    this.#isCaretaker = true;
    const sweep = () => void this.mailbox.sweep().catch(() => undefined);
    const timer = this.host.clock.every(SWEEP_INTERVAL_MS, sweep).unref();
    await this.#gauges.watch(signal);
    timer.cancel();
    this.#isCaretaker = false;
  }

  #reportLostHost(users: readonly string[], from: string): void {
    this.host.log.warn(`${this.host.connection}: another host was lost, and ${users.length} users were connected to it only`, {
      host: from,
    });
    if (!this.#isCaretaker || !this.host.services.isTaken('user.disconnected')) return;
    for (const user of users) {
      const data = { user, host: from, sessions: 0 };
      this.host.services.publish({ type: 'user.disconnected', subject: user, data }).catch(() => undefined);
    }
  }
}
