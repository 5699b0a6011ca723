import {
  failures,
  isEventType,
  isSluiceError,
  newEventId,
  type Bearer,
  type DesktopClient,
  type DesktopDeliveryOptions,
  type DesktopDeliveryResult,
  type DesktopEvent,
  type DesktopGateway,
  type DestinationSpec,
  type PresenceChange,
  type Recipients,
  type RegisteredDestination,
} from '@sluice/plugin-api';
import type { ConnectOptions, DesktopMessageView, TestDesktop } from '../conformance/desktop-gateway.js';

/** The codes of the gateway that plugins see. */
const gatewayFail = failures({
  GATEWAY_EVENT: { fate: 'rejected', cure: 'correct the event' },
  GATEWAY_WAIT: { fate: 'rejected', cure: 'wait for one user' },
  GATEWAY_DESTINATION_FORBIDDEN: { fate: 'rejected', cure: 'use another destination' },
  GATEWAY_DESTINATION_FAILED: { fate: 'unavailable', cure: 'connect again' },
  GATEWAY_DESTINATION_AWAY: { fate: 'unavailable', cure: 'connect again' },
  GATEWAY_DESTINATION_TAKEN: { fate: 'fatal', cure: 'register another prefix' },
  STOMP_DESTINATION: { fate: 'rejected', cure: 'use a registered destination' },
});

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PREFIX = /^(\/[a-z][a-z0-9-]*)+\/$/;
const RESERVED = /^\/(user|topic|events|flows|answers)\//;
const USER_EVENTS = '/user/events';

interface KeptEvent {
  readonly event: DesktopEvent;
  readonly workplace: string | undefined;
  readonly collapseKey: string | undefined;
  readonly expires: number;
}

interface Mailbox {
  readonly kept: KeptEvent[];
  /** Ids that the mailbox has ever had. */
  readonly ids: Set<string>;
}

interface Registration {
  readonly spec: DestinationSpec;
  readonly signal: AbortSignal;
}

const isName = (text: string) => text.length > 0 && text.length <= 200 && !/\p{Cc}/u.test(text);

/**
 * The desktops of a workspace in memory, for tests of plugins that use a {@link DesktopGateway}. It passes `desktopGatewayConformance`. It
 * has no timeouts, and every connected client subscribes to the events of its user.
 */
export class MemoryDesktops {
  readonly hosts: MemoryDesktopHost[] = [];
  readonly mailboxes = new Map<string, Mailbox>();
  /** The last token of each user. */
  readonly bearers = new Map<string, Bearer>();
  /** The last user of each workplace. */
  readonly workplaces = new Map<string, string>();

  constructor(readonly now: () => number = Date.now) {}

  /** Returns the gateway of one more host. */
  host(): MemoryDesktopHost {
    const host = new MemoryDesktopHost(this);
    this.hosts.push(host);
    return host;
  }

  clients(): readonly MemoryDesktop[] {
    return this.hosts.flatMap((host) => [...host.clients]);
  }

  mailboxOf(user: string): Mailbox {
    const mailbox = this.mailboxes.get(user) ?? { kept: [], ids: new Set() };
    this.mailboxes.set(user, mailbox);
    return mailbox;
  }
}

/** The gateway of one host in memory. `connect` adds a desktop client. */
export class MemoryDesktopHost implements DesktopGateway {
  readonly clients = new Set<MemoryDesktop>();
  readonly registrations = new Map<string, Registration | undefined>();
  readonly listeners = new Set<(change: PresenceChange) => void>();
  readonly #id = newEventId();

  constructor(readonly workspace: MemoryDesktops) {}

  async connect(sub: string, { workplace, claims = {} }: ConnectOptions = {}): Promise<MemoryDesktop> {
    const bearer: Bearer = {
      user: `operator/${sub}`,
      issuer: 'operator',
      sub,
      scopes: ['desktop'],
      events: ['#'],
      topics: ['#'],
      groups: [],
      expiresAt: Number.POSITIVE_INFINITY,
      ...claims,
    };
    const client = new MemoryDesktop(this, { bearer, ...(workplace !== undefined && { workplace }) }, this.workspace.now());
    this.clients.add(client);
    this.workspace.bearers.set(bearer.user, bearer);
    if (workplace !== undefined) this.workspace.workplaces.set(workplace, bearer.user);
    this.report('connected', client);
    const now = this.workspace.now();
    for (const kept of this.workspace.mailboxOf(bearer.user).kept) if (kept.expires > now) client.offer(kept);
    return client;
  }

  async deliver(
    to: Recipients | readonly Recipients[],
    event: DesktopEvent,
    options: DesktopDeliveryOptions = {},
  ): Promise<DesktopDeliveryResult> {
    const recipients = 'length' in to ? to : [to];
    checkDelivery(recipients, event, options);
    const { offline = {}, expiresInMs = Infinity, wait } = options;
    const users = this.#resolve(recipients);
    if (wait && (users.size !== 1 || offline === 'drop'))
      throw gatewayFail.GATEWAY_WAIT('a run waits for one user', { sent: 'no' });
    const sessions = (user: string) => this.workspace.clients().filter(({ client }) => client.bearer.user === user);
    if (offline === 'drop') {
      const meant = this.workspace.clients().filter(({ client }) => recipients.some((one) => isSessionMeant(one, client)));
      for (const session of meant) session.receive(USER_EVENTS, event);
      const counted = meant.filter(({ host, client }) => host === this || recipients.some((one) => isNamed(one, client.bearer)));
      return { kept: 0, online: new Set(counted.map(({ client }) => client.bearer.user)).size };
    }
    const online = [...users.keys()].filter((user) => sessions(user).length > 0).length;
    const { keepForMs = Infinity, collapseKey } = offline;
    const expires = this.workspace.now() + Math.min(keepForMs, expiresInMs);
    for (const [user, workplace] of users) {
      const mailbox = this.workspace.mailboxOf(user);
      if (mailbox.ids.has(event.id)) continue;
      mailbox.ids.add(event.id);
      if (collapseKey !== undefined)
        mailbox.kept.splice(0, Infinity, ...mailbox.kept.filter((other) => other.collapseKey !== collapseKey));
      const kept = { event, workplace, collapseKey, expires };
      mailbox.kept.push(kept);
      if (expires > this.workspace.now()) for (const session of sessions(user)) session.offer(kept);
    }
    return { kept: users.size, online };
  }

  registerDestination(spec: DestinationSpec, signal: AbortSignal): RegisteredDestination {
    const { prefix } = spec;
    const overlaps = [...this.registrations].some(
      ([other, active]) => active !== undefined && (other.startsWith(prefix) || prefix.startsWith(other)),
    );
    if (prefix.length > 100 || !PREFIX.test(prefix) || RESERVED.test(prefix) || overlaps || !spec.mayWrite !== !spec.receive)
      throw gatewayFail.GATEWAY_DESTINATION_TAKEN(`${prefix} cannot be registered`);
    const registration = { spec, signal };
    this.registrations.set(prefix, registration);
    signal.addEventListener('abort', () => {
      if (this.registrations.get(prefix) === registration) this.registrations.set(prefix, undefined);
    });
    for (const client of this.clients)
      for (const name of client.subscriptions) if (name.startsWith(prefix)) void client.recheck(name);
    const destination = (path: string) => {
      if (!isName(path)) throw gatewayFail.GATEWAY_EVENT('the path is not valid', { sent: 'no' });
      return prefix + path;
    };
    return {
      publish: (to, event) => {
        checkEvent(event);
        const names = [to].flat().map(destination);
        if (signal.aborted) return;
        for (const name of names)
          for (const client of this.workspace.clients())
            if (client.subscriptions.has(name) && client.host.registrationOf(name)) client.receive(name, event);
      },
      recheck: (path) => {
        const name = destination(path);
        if (signal.aborted) return;
        for (const client of this.workspace.clients()) if (client.subscriptions.has(name)) void client.recheck(name);
      },
    };
  }

  readonly presence: DesktopGateway['presence'] = {
    isOnline: (user) => this.#sessionsOf(user).length > 0,
    users: () => [...new Set(this.workspace.clients().map(({ client }) => client.bearer.user))].sort(),
    sessionsOf: (user) =>
      this.#sessionsOf(user).map(({ host, since, client: { workplace } }) => ({
        host: host.#id,
        since,
        ...(workplace !== undefined && { workplace }),
      })),
    usersAt: (workplace) => {
      const there = this.workspace.clients().filter(({ client }) => client.workplace === workplace);
      return [...new Set(there.map(({ client }) => client.bearer.user))].sort();
    },
    onChange: (listener, signal) => {
      this.listeners.add(listener);
      signal.addEventListener('abort', () => this.listeners.delete(listener));
    },
  };

  /** Returns the active registration of a destination, `undefined` after its end, and throws `STOMP_DESTINATION` when there was none. */
  registrationOf(destination: string): (Registration & { readonly path: string }) | undefined {
    const isOfPrefix = ([prefix]: readonly [string, ...unknown[]]) =>
      destination.startsWith(prefix) && isName(destination.slice(prefix.length));
    const found = [...this.registrations].filter(isOfPrefix);
    if (found.length === 0) throw gatewayFail.STOMP_DESTINATION(`${destination} is not registered`);
    const [prefix, active] = found.find(([, registration]) => registration) ?? [];
    return active && prefix !== undefined ? { ...active, path: destination.slice(prefix.length) } : undefined;
  }

  /** Reports the begin or the end of a session to all hosts. */
  report(kind: PresenceChange['kind'], { client }: MemoryDesktop): void {
    const { bearer, workplace } = client;
    const sessions = this.#sessionsOf(bearer.user).length;
    const change = { kind, user: bearer.user, sessions, ...(workplace !== undefined && { workplace }) };
    for (const host of this.workspace.hosts) for (const listener of host.listeners) listener(change);
  }

  #sessionsOf(user: string): readonly MemoryDesktop[] {
    return this.workspace.clients().filter(({ client }) => client.bearer.user === user);
  }

  #resolve(recipients: readonly Recipients[]): ReadonlyMap<string, string | undefined> {
    const users = new Map<string, string | undefined>();
    const { bearers, workplaces } = this.workspace;
    for (const one of recipients) {
      const known = [...bearers.values()];
      const found =
        'user' in one
          ? [fullName(one.user)]
          : 'workplace' in one
            ? [workplaces.get(one.workplace) ?? []].flat()
            : known.filter((bearer) => isMeant(one, bearer)).map(({ user }) => user);
      for (const user of found) if (!users.has(user)) users.set(user, 'workplace' in one ? one.workplace : undefined);
    }
    return users;
  }
}

/** A connected desktop client in memory. */
export class MemoryDesktop implements TestDesktop {
  readonly received: DesktopMessageView[] = [];
  readonly subscriptions = new Set<string>();

  constructor(
    readonly host: MemoryDesktopHost,
    readonly client: DesktopClient,
    readonly since: number,
  ) {}

  async subscribe(destination: string): Promise<void> {
    if (!(await this.#ask(destination, 'mayRead'))) throw forbidden();
    this.subscriptions.add(destination);
  }

  async unsubscribe(destination: string): Promise<void> {
    this.subscriptions.delete(destination);
  }

  async send(destination: string, data: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const { spec, signal, path } = this.#active(destination);
    if (!(await this.#ask(destination, 'mayWrite'))) throw forbidden();
    const body = Buffer.from(JSON.stringify(data));
    const message = { client: this.client, path, headers: new Map(Object.entries(headers)), data, body };
    await refusing(async () => spec.receive?.(message, signal));
  }

  async acknowledge({ id }: DesktopMessageView): Promise<void> {
    const { kept } = this.host.workspace.mailboxOf(this.client.bearer.user);
    kept.splice(0, Infinity, ...kept.filter(({ event }) => event.id !== id));
  }

  async leave(): Promise<void> {
    if (this.host.clients.delete(this)) this.host.report('disconnected', this);
  }

  /** Receives an event of the mailbox, unless it is for another workplace. */
  offer({ event, workplace }: KeptEvent): void {
    if (workplace === undefined || workplace === this.client.workplace) this.receive(USER_EVENTS, event);
  }

  receive(destination: string, { id, event, data, correlationid }: DesktopEvent): void {
    const copy = data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown);
    this.received.push({ destination, id, event, data: copy, ...(correlationid !== undefined && { correlationid }) });
  }

  /** Ends a subscription that may not read any more. Changes nothing when the registration has ended. */
  async recheck(destination: string): Promise<void> {
    if (!this.host.registrationOf(destination)) return;
    const allowed = await this.#ask(destination, 'mayRead').catch(() => undefined);
    if (allowed !== true) this.subscriptions.delete(destination);
    if (allowed === undefined) await this.leave();
  }

  async #ask(destination: string, right: 'mayRead' | 'mayWrite'): Promise<boolean> {
    const { spec, signal, path } = this.#active(destination);
    return (await refusing(async () => spec[right]?.(this.client, path, signal) ?? false)) === true;
  }

  #active(destination: string): Registration & { readonly path: string } {
    const active = this.host.registrationOf(destination);
    if (!active) throw gatewayFail.GATEWAY_DESTINATION_AWAY('the plugin of this destination is not open');
    return active;
  }
}

function forbidden() {
  return gatewayFail.GATEWAY_DESTINATION_FORBIDDEN('this destination is not for this user');
}

/** Turns an error that is not a SluiceError into a refusal. */
async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error)) throw error;
    throw gatewayFail.GATEWAY_DESTINATION_FAILED('the plugin failed', { cause: error });
  }
}

function checkEvent({ id, event, data }: DesktopEvent): void {
  const isJson = () => {
    try {
      return data === undefined || JSON.stringify(data) !== undefined;
    } catch {
      return false;
    }
  };
  if (!UUID.test(id) || !isEventType(event) || !isJson())
    throw gatewayFail.GATEWAY_EVENT('the event is not valid', { sent: 'no' });
}

function checkDelivery(recipients: readonly Recipients[], event: DesktopEvent, options: DesktopDeliveryOptions): void {
  checkEvent(event);
  const { offline, expiresInMs, spreadMs } = options;
  const { keepForMs, collapseKey } = offline === 'drop' ? {} : (offline ?? {});
  const names = recipients.flatMap((one) => Object.values(one) as (string | true)[]).filter((name) => name !== true);
  const times = [keepForMs, expiresInMs, spreadMs].filter((time) => time !== undefined);
  const isValid =
    recipients.length >= 1 &&
    recipients.length <= 1_000 &&
    [...names, collapseKey ?? 'x'].every(isName) &&
    times.every((time) => Number.isFinite(time) && time >= 0);
  if (!isValid) throw gatewayFail.GATEWAY_EVENT('the delivery is not valid', { sent: 'no' });
}

function isNamed(recipients: Recipients, { user }: Bearer): boolean {
  return 'user' in recipients && user === fullName(recipients.user);
}

function isSessionMeant(recipients: Recipients, { bearer, workplace }: DesktopClient): boolean {
  if ('workplace' in recipients) return recipients.workplace === workplace;
  return isNamed(recipients, bearer) || isMeant(recipients, bearer);
}

function fullName(user: string): string {
  return user.includes('/') ? user : `operator/${user}`;
}

function isMeant(recipients: Recipients, { extension, groups }: Bearer): boolean {
  if ('extension' in recipients) return recipients.extension === extension;
  return 'group' in recipients ? groups.includes(recipients.group) : 'all' in recipients;
}
