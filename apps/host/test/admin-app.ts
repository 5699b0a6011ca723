import { adminClient, type AdminClient } from '@sluice/admin-contract';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Engine, PaceState } from '@sluice/engine';
import type { Issuer } from '@sluice/flow';
import { MemoryDatabase, MemoryStore } from '@sluice/memory';
import { MemoryLog } from '@sluice/testing';
import type { HostServices } from '../src/api/host-services.js';
import { HostModule } from '../src/host.module.js';
import { HttpIngress } from '../src/http/http-ingress.js';
import { httpLimits } from '../src/http/http-limits.js';
import { JSON_BODIES } from '../src/http/json-bodies.js';
import { ProblemFilter } from '../src/http/problem.filter.js';
import { signOperatorToken, Tokens } from '../src/tokens.js';

const SECRET = 'o'.repeat(32);
const ERP: Issuer = { name: 'erp', secrets: ['e'.repeat(32)], scopes: [], events: [], topics: [], maxTtlMs: 3_600_000 };
const LIMIT_BYTES = 65_536;
/** Text that the log and the audit log must not contain. */
export const MASKED = 'canary-secret';

/** An HTTP response with its parsed body. */
export interface AppAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The routes of a host over a store in memory, without a server. The engine records what the handlers ask of it. */
export class AdminApp {
  readonly database = new MemoryDatabase();
  readonly store = new MemoryStore(this.database);
  readonly log = new MemoryLog();
  /** Runs that were dropped. */
  readonly dropped: string[] = [];
  /** The data of replays. */
  readonly replayed: unknown[] = [];
  /** Types and numbers of unrouted events. */
  unrouted: { type: string; count: number }[] = [];
  /** The paces that the engine reports. */
  paces: Readonly<Record<string, Partial<PaceState>>> = {};
  /** Method and path of each route of the server. */
  readonly routes: string[] = [];
  #app!: NestFastifyApplication;

  static async start(): Promise<AdminApp> {
    const host = new AdminApp();
    const adapter = new FastifyAdapter(JSON_BODIES);
    adapter.getInstance().addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') host.routes.push(`${one} ${url}`);
    });
    const tokens = new Tokens(SECRET, [ERP]);
    const mask = (text: string) => text.replaceAll(MASKED, '***');
    const tools = { log: host.log, mask, onRefused: () => undefined };
    const services = {
      store: host.store,
      tokens,
      log: host.log,
      mask,
      bus: { engine: 'memory', unrouted: async () => host.unrouted, state: () => ({ state: 'up' }) },
      engine: {
        connections: { all: () => [] },
        status: async () => ({ queues: [], paces: host.paces }),
        parking: {
          drop: async (run: string) => host.#drop(run),
          callsOf: async () => [],
          replay: async (run: string, { data }: { data?: unknown }) => {
            host.replayed.push(data);
            return run;
          },
        },
      } as unknown as Engine,
      workspace: {
        flows: [{ name: 'orders', deliver: { concurrency: 1 } }],
        connections: new Map([['erp', { name: 'erp', pace: {} }]]),
      },
    } as unknown as HostServices;
    const ingress = new HttpIngress({
      ...tools,
      limitBytes: LIMIT_BYTES,
      limits: httpLimits(LIMIT_BYTES),
      tokens,
      ingress: () => {
        throw new Error('no event is published here');
      },
    });
    host.#app = await NestFactory.create<NestFastifyApplication>(HostModule.with(services, []), adapter, { logger: false });
    await ingress.install(adapter.getInstance());
    host.#app.useGlobalFilters(new ProblemFilter(tools));
    await host.#app.init();
    await adapter.getInstance().ready();
    return host;
  }

  /** A client whose token has these scopes. It rejects with the answer of the host. */
  clientOf(scope = 'admin', sub = 'ivanov'): AdminClient {
    return adminClient(async (method, path, body) => {
      const answer = await this.ask(method, path, { scope, sub, ...(body && { body }) });
      if (answer.status >= 300) throw Object.assign(new Error(JSON.stringify(answer.body)), answer);
      return answer.body;
    });
  }

  /** @param options `scope` null: without a token */
  async ask(
    method: 'GET' | 'POST',
    url: string,
    {
      scope = 'admin',
      sub = 'ivanov',
      body,
      contentType = 'application/json',
    }: { scope?: string | null; sub?: string; body?: unknown; contentType?: string } = {},
  ): Promise<AppAnswer> {
    const token = scope === null ? undefined : await signOperatorToken(SECRET, { sub, scope, ttlMs: 60_000 });
    const answer = await this.#app.inject({
      method,
      url,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown) };
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  #drop(run: string): void {
    if (run === 'broken') throw new TypeError('x is undefined');
    this.dropped.push(run);
  }
}
