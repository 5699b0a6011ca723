import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Engine,
  type Bus,
  type CompileRevision,
  type Observer,
  type Pacer,
  type Role,
  type Store,
  type WorkspaceChanges,
} from '@sluice/engine';
import type { Workspace } from '@sluice/flow';
import { BusServer, connectBus } from '@sluice/nest';
import { engineFail, type AnyPlugin, type Log, type NestModule, pause, systemClock } from '@sluice/plugin-api';
import type { Logger } from 'pino';
import { installDocs } from './api/docs-route.js';
import { HostServices } from './api/host-services.js';
import type { OpenDatabase } from './database.js';
import { openBackends, type Backends } from './backends.js';
import type { Env } from './env.js';
import { HostModule } from './host.module.js';
import { HttpIngress } from './http/http-ingress.js';
import { JSON_BODIES } from './http/json-bodies.js';
import { httpLimits, serverTimeouts } from './http/http-limits.js';
import { NO_ROUTE_SCHEMAS } from './http/no-route-schemas.js';
import { ProblemFilter } from './http/problem.filter.js';
import { serverErrors } from './http/server-errors.js';
import type { OnRefused } from './http/send-problem.js';
import { NestLogger, toLog } from './logger.js';
import { Metrics } from './metrics.js';
import { observeAll } from './observers.js';
import type { Secrets } from './secrets.js';
import { Refusals } from './refusals.js';
import { followRevocations } from './revocations.js';
import { SealedKeys } from './sealed-keys.js';
import { operatorSecret, Tokens } from './tokens.js';
import type { LoadedWorkspace } from './load-workspace.js';
import { Reloader } from './reloader.js';
import { HOST_VERSION } from './version.js';
import type { WorkspaceState, WorkspaceWatch } from './workspace-watch.js';

/** An event type has up to 200 characters; the router's own limit is half of that. */
const MAX_PARAMETER_LENGTH = 300;
/** Maximum time of an orderly stop. */
const STOP_MS = 10_000;

export interface HostOptions {
  readonly env: Env;
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  /** Compiles earlier revisions of flows with the running plugins and connections. */
  readonly compileRevision: CompileRevision;
  /** Reads and compiles the files of the workspace as they are now. */
  readonly load: () => Promise<LoadedWorkspace>;
  /** Called when changed files run. */
  readonly onReloaded: (loaded: LoadedWorkspace) => Promise<void>;
  /** Whether changed files are applied without a request. */
  readonly appliesChanges: boolean;
  readonly roles: ReadonlySet<Role>;
  readonly logger: Logger;
  readonly secrets: Secrets;
  /** Additional observer of events, such as the terminal. */
  readonly observer?: Observer;
  /** Watches the files of the workspace while the host runs. */
  readonly files: WorkspaceWatch;
}

/** A running host. */
export class Host extends HostServices {
  ready = false;
  #app: NestFastifyApplication | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(
    private readonly options: HostOptions,
    private readonly opened: Backends,
    readonly engine: Engine,
    readonly tokens: Tokens,
    private readonly routes: HttpIngress,
    readonly log: Log,
    /** The secret of tokens of the operator. */
    readonly operatorSecret: string,
    readonly metrics: Metrics,
    private readonly onRefused: OnRefused,
    /** Aborts when the host stops. */
    private readonly stopping: AbortController,
    private readonly reloader: Reloader,
  ) {
    super();
  }

  /** Called only by `startHost`. The host takes over the database. */
  static async start(options: HostOptions, database: OpenDatabase): Promise<Host> {
    const { env, workspace, secrets } = options;
    const log = toLog(options.logger);
    const hostId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    secrets.addWorkspace(workspace);
    const opened = await openBackends(env, database, { hostId, log, secrets });
    const stopping = new AbortController();
    let host: Host | undefined;
    try {
      const secret = await operatorSecret(env, opened.store);
      secrets.add([secret]);
      const metrics = new Metrics();
      const refusals = new Refusals(log);
      const tokens = new Tokens(secret, workspace.issuers, (entryPoint, reason, message) => {
        metrics.tokenRefused(entryPoint, reason);
        refusals.add(entryPoint, `token ${reason}`, message);
      });
      await followRevocations(opened.store.revocations, tokens, log, stopping.signal);
      const onRefused = (entryPoint: string, code: string, message: string) => {
        metrics.requestRefused(entryPoint, code);
        // tokens are counted where they are verified
        if (!code.startsWith('TOKEN_')) refusals.add(entryPoint, code, message);
      };
      const routes: HttpIngress = new HttpIngress({
        limitBytes: workspace.settings.limits.eventBytes,
        limits: httpLimits(workspace.settings.limits.eventBytes),
        log,
        mask: secrets.mask,
        onRefused,
        tokens,
        ingress: () => engine.ingress,
      });
      const observed: Observer[] = [metrics, ...(options.observer ? [options.observer] : [])];
      let { compileRevision } = options;
      const engine: Engine = new Engine({
        ...options,
        compile: (stored) => compileRevision(stored),
        version: HOST_VERSION,
        bus: opened.bus,
        store: opened.store,
        pacer: opened.pacer,
        capabilities: {
          tokens: (connection) => tokens.at(connection),
          issuers: (connection) => {
            const keys = new SealedKeys(secret, connection);
            return {
              replace: (issuers) => tokens.replaceIssuers(connection, issuers),
              seal: (key, name) => keys.seal(key, name),
              unseal: (sealed, name) => keys.unseal(sealed, name),
            };
          },
          routes,
          database: opened.tables,
          meter: (connection) => metrics.meterOf(connection),
          folder: env.SLUICE_HOME,
          spool: path.join(env.SLUICE_HOME, 'spool'),
          ...(options.roles.has('gateway') && { listen: { host: env.SLUICE_HTTP_HOST, stompPort: env.SLUICE_STOMP_PORT } }),
        },
        observer: observeAll(observed),
        log,
        clock: systemClock,
        hostId,
        mask: secrets.mask,
      });
      const reloader = new Reloader({
        workspace,
        load: options.load,
        engine,
        files: options.files,
        onLoaded: (loaded) => {
          if (loaded.workspace) secrets.addWorkspace(loaded.workspace);
          compileRevision = loaded.compileRevision;
        },
        onApplied: options.onReloaded,
        log,
      });
      host = new Host(options, opened, engine, tokens, routes, log, secret, metrics, onRefused, stopping, reloader);
      await host.#listen();
      return host;
    } catch (error) {
      stopping.abort();
      await (host ? host.stop() : opened.close());
      throw error;
    }
  }

  get bus(): Bus {
    return this.opened.bus;
  }
  get store(): Store {
    return this.opened.store;
  }
  get pacer(): Pacer {
    return this.opened.pacer;
  }
  get workspace(): Workspace {
    return this.reloader.workspace;
  }
  get files(): WorkspaceState {
    return this.options.files.state;
  }
  get mask(): (text: string) => string {
    return this.options.secrets.mask;
  }
  get backends(): string {
    return this.opened.summary;
  }

  /** The port of the HTTP server. */
  get port(): number {
    const address = this.#app?.getHttpServer().address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * Applies the files of the workspace as they are now.
   *
   * @throws WORKSPACE_INVALID, RESTART_NEEDED, CONFIG_INVALID, STORE_UNAVAILABLE, BUS_UNAVAILABLE: then the host runs as before
   */
  readonly reload = (): Promise<WorkspaceChanges> => this.reloader.reload();

  /** Stops within 10 s: accepts no new events, finishes open runs and returns the other messages. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #listen(): Promise<void> {
    const { env, plugins, logger } = this.options;
    const tools = { log: this.log, mask: this.options.secrets.mask, onRefused: this.onRefused };
    const adapter = new FastifyAdapter({
      bodyLimit: this.workspace.settings.limits.eventBytes,
      ...serverTimeouts(httpLimits(this.workspace.settings.limits.eventBytes)),
      ...serverErrors(tools),
      ...JSON_BODIES,
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
      schemaController: NO_ROUTE_SCHEMAS,
    });
    const modules = await Promise.all([...plugins.values()].flatMap(({ module }) => (module ? [loaded(module)] : [])));
    const app = await NestFactory.create<NestFastifyApplication>(HostModule.with(this, modules), adapter, {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    this.#app = app;
    await this.routes.install(adapter.getInstance());
    app.useGlobalPipes(new StandardSchemaValidationPipe());
    app.useGlobalFilters(new ProblemFilter(tools));
    const modulesOnBus = new BusServer(this.bus, { mask: this.options.secrets.mask });
    connectBus(app, modulesOnBus);
    installDocs(app);
    await app.init();
    await this.engine.start();
    await app.startAllMicroservices();
    this.engine.ingress.takes(modulesOnBus.patterns);
    this.metrics.watch(this.engine, () => this.store.journal.skipped);
    await listenOn(app, env);
    this.routes.open();
    this.options.files.start(this.options.appliesChanges ? () => this.reload() : undefined);
    this.ready = true;
    this.engine.ready();
    await modulesOnBus.consume();
  }

  async #stop(): Promise<void> {
    this.ready = false;
    this.options.files.stop();
    this.stopping.abort();
    this.routes.close();
    const late = new AbortController();
    const ended = this.#end().then(() => late.abort());
    await Promise.race([ended, pause(systemClock, STOP_MS, late.signal)]);
    // an unresponsive server must not keep the process; its messages are redelivered
    if (!late.signal.aborted) this.log.warn(`the stop was cut off after ${STOP_MS / 1_000} s: a server does not answer`);
  }

  async #end(): Promise<void> {
    await this.engine
      .stop()
      .catch((error: unknown) => this.log.warn('the engine did not stop cleanly', { error: String(error) }));
    await this.#app
      ?.close()
      .catch((error: unknown) => this.log.warn('the server did not close cleanly', { error: String(error) }));
    await this.opened.close();
  }
}

async function loaded(module: NonNullable<AnyPlugin['module']>): Promise<NestModule> {
  return typeof module === 'function' ? module : module.load();
}

async function listenOn(app: NestFastifyApplication, env: Env): Promise<void> {
  try {
    await app.listen(env.SLUICE_HTTP_PORT, env.SLUICE_HTTP_HOST);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw engineFail.CONFIG_INVALID(`port ${env.SLUICE_HTTP_PORT} is in use: stop what listens there, or set SLUICE_HTTP_PORT`);
    if (code === 'EACCES')
      throw engineFail.CONFIG_INVALID(
        `port ${env.SLUICE_HTTP_PORT} may not be opened by this user: set SLUICE_HTTP_PORT above 1023`,
      );
    throw error;
  }
}
