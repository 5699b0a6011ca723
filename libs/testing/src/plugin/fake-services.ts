import { randomUUID } from 'node:crypto';
import {
  engineFail,
  failures,
  newEventId,
  sourceOf,
  type Bearer,
  type Database,
  type HttpRequest,
  type HttpRoute,
  type NewEvent,
  type Reply,
  type UpgradeRegistrar,
  type RuntimeIssuer,
  type RuntimeIssuers,
  type Services,
  type Tokens,
  type Upgrade,
  typeMatches,
} from '@sluice/plugin-api';
import { MemoryDesktops, type MemoryDesktopHost } from './memory-desktops.js';

const doorFail = failures({
  TOKEN_INVALID: { fate: 'rejected', cure: 'use a token that the fake workspace has issued' },
  FORBIDDEN: { fate: 'rejected', cure: 'issue a token with this right' },
});

/** An event that a plugin has published, as it was accepted. */
export type PublishedEvent = NewEvent & { readonly type: string; readonly source: string };

type PeerHandler = (body: Buffer, from: string) => void;

const NO_DATABASE: Database = {
  migrate: () => Promise.reject(engineFail.STORE_UNAVAILABLE('the fake workspace has no database: pass one to its constructor')),
  rows: () => Promise.reject(engineFail.STORE_UNAVAILABLE('the fake workspace has no database: pass one to its constructor')),
  get connectionInfo(): never {
    throw engineFail.STORE_UNAVAILABLE('the fake workspace has no database: pass one to its constructor');
  },
};

/** The shared state of a workspace's hosts, in memory: tokens, published events, leases, and messages from host to host. */
export class FakeWorkspace {
  readonly published: PublishedEvent[] = [];
  /** Calls of `resume`, with the tokens and outputs. */
  readonly resumed: { readonly token: string; readonly output: unknown }[] = [];
  readonly #bearers = new Map<string, Bearer>();
  readonly #revoked = new Map<Bearer, Set<() => void>>();
  readonly #hosts = new Set<FakeServices>();
  readonly #leases = new Map<string, Promise<void>>();

  /** The desktops that plugins reach with `services.desktops`. */
  readonly desktops = new MemoryDesktops();

  constructor(readonly database: Database = NO_DATABASE) {}

  /** Issues a token for a user. Default scopes: `desktop` and `events:write`. */
  issue(sub: string, claims: Partial<Bearer> = {}): string {
    const issuer = claims.issuer ?? 'operator';
    const token = `token-${randomUUID()}`;
    this.#bearers.set(token, {
      user: `${issuer}/${sub}`,
      issuer,
      sub,
      scopes: ['desktop', 'events:write'],
      events: ['#'],
      topics: ['#'],
      groups: [],
      expiresAt: Date.now() + 3_600_000,
      ...claims,
    });
    return token;
  }

  /** Revokes the tokens of a user. */
  revoke(sub: string): void {
    for (const [token, bearer] of this.#bearers) {
      if (bearer.sub !== sub) continue;
      this.#bearers.delete(token);
      for (const back of this.#revoked.get(bearer) ?? []) back();
    }
  }

  /** The services of one more host. */
  host(): FakeServices {
    const host = new FakeServices(this);
    this.#hosts.add(host);
    return host;
  }

  readonly tokens: Tokens = {
    verify: async (token) => {
      const bearer = this.#bearers.get(token ?? '');
      if (!bearer) throw doorFail.TOKEN_INVALID('the fake workspace has not issued this token');
      return bearer;
    },
    requireScope: ({ scopes }, scope) => {
      if (!scopes.includes(scope)) throw doorFail.FORBIDDEN(`the token lacks the scope ${scope}`);
    },
    requireEventType: ({ events }, type) => requireOne(events, type),
    requireTopic: ({ topics }, topic) => requireOne(topics, topic),
    onRevoked: (bearer, back) => {
      const backs = this.#revoked.get(bearer) ?? new Set();
      this.#revoked.set(bearer, backs.add(back));
      return () => void backs.delete(back);
    },
    issuersOf: () => ['operator'],
  };

  /** Sends a message to every other host. */
  broadcast(from: FakeServices, topic: string, body: Buffer): void {
    for (const host of this.#hosts) if (host !== from) host.receive(topic, body, from.peers.id);
  }

  /** Runs `work` under the lease; a host that waits gets its turn when the work before it has ended. */
  async lease(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const turn = (this.#leases.get(name) ?? Promise.resolve()).then(() => (signal.aborted ? undefined : work(signal)));
    this.#leases.set(
      name,
      turn.catch(() => undefined),
    );
    await turn;
  }
}

/** The services of a fake host for a plugin that serves clients. It records the plugin's routes, upgrades and metrics. */
export class FakeServices implements Services {
  readonly listen = { host: '127.0.0.1', stompPort: 0 };
  readonly openRoutes = new Map<
    string,
    { readonly route: HttpRoute; readonly handle: (request: HttpRequest) => Promise<Reply> }
  >();
  readonly upgrades = new Map<string, Upgrade>();
  readonly counters = new Map<string, number>();
  readonly gauges = new Map<string, () => number>();
  readonly #listeners = new Map<string, Set<PeerHandler>>();
  readonly #id = randomUUID();
  /** The desktop gateway of this host. */
  readonly gateway: MemoryDesktopHost;

  constructor(private readonly workspace: FakeWorkspace) {
    this.gateway = workspace.desktops.host();
  }

  readonly desktops = async (): Promise<MemoryDesktopHost> => this.gateway;

  get tokens(): Tokens {
    return this.workspace.tokens;
  }
  /** The issuers that the plugin has registered. */
  registeredIssuers: readonly RuntimeIssuer[] = [];
  /** Seals keys in a way that is recognised and protects nothing. */
  readonly issuers: RuntimeIssuers = {
    replace: (issuers) => {
      this.registeredIssuers = issuers;
    },
    seal: (key, name) => Buffer.from(`${name} ${Buffer.from(key).toString('hex')}`),
    unseal: (sealed, name) => {
      const [owner, key = ''] = Buffer.from(sealed).toString().split(' ');
      if (owner !== name) throw new Error(`the key belongs to ${owner}`);
      return Buffer.from(key, 'hex');
    },
  };
  get database(): Database {
    return this.workspace.database;
  }

  readonly routes: UpgradeRegistrar = {
    http: (route, handle) => {
      const key = `${route.method} ${route.path}`;
      this.openRoutes.set(key, { route, handle });
      return () => void this.openRoutes.delete(key);
    },
    upgrade: (path, take) => {
      this.upgrades.set(path, take);
      return () => void this.upgrades.delete(path);
    },
  };

  readonly peers: Services['peers'] = {
    id: this.#id,
    broadcast: (topic, body) => this.workspace.broadcast(this, topic, body),
    listen: (topic, heard) => {
      const listeners = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, listeners.add(heard));
      return () => void listeners.delete(heard);
    },
  };

  readonly meter: Services['meter'] = {
    counter: (name) => {
      this.counters.set(name, this.counters.get(name) ?? 0);
      return (by = 1) => void this.counters.set(name, (this.counters.get(name) ?? 0) + by);
    },
    gauge: (name, _help, read) => void this.gauges.set(name, read),
  };

  readonly publish: Services['publish'] = async (event, by) => {
    if (by) {
      this.tokens.requireScope(by, 'events:write');
      this.tokens.requireEventType(by, event.type);
    }
    const id = event.id ?? newEventId();
    const sender = by ? { source: sourceOf(by), authid: by.sub } : { source: '/connections/test' };
    this.workspace.published.push({ ...event, ...sender, id });
    return { id };
  };

  readonly isTaken = () => true;

  readonly resume: Services['resume'] = async (token, output) => {
    this.workspace.resumed.push({ token: token.toString(), output });
  };

  readonly lease: Services['lease'] = (name, signal, work) => this.workspace.lease(name, signal, work);

  /** Delivers a message of another host, in a later turn of the event loop. */
  receive(topic: string, body: Buffer, from: string): void {
    setImmediate(() => this.#listeners.get(topic)?.forEach((heard) => heard(body, from)));
  }
}

function requireOne(patterns: readonly string[], name: string): void {
  if (!patterns.some((pattern) => typeMatches(pattern, name))) throw doorFail.FORBIDDEN(`the token does not allow ${name}`);
}
