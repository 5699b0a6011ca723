import { ROLES, type Role } from '@sluice/engine';
import {
  createLogger,
  describeWorkspace,
  keepLastGood,
  loadRunnable,
  loadWorkspace,
  readEnv,
  readWorkspaceEnv,
  Secrets,
  startHost as startHostOf,
  toLog,
  watchWorkspace,
  type Host,
  type LoadedWorkspace,
} from '@sluice/host';
import type { Log } from '@sluice/plugin-api';
import { findingsText } from '../terminal/findings-text.js';
import { paint } from '../terminal/paint.js';
import { eventLines } from '../terminal/event-lines.js';
import { logLines } from '../terminal/log-lines.js';
import { print, printLine, printNotice } from '../terminal/print.js';
import { clock } from '../terminal/words.js';

export interface HostRequest {
  /** The workspace. */
  readonly directory: string;
  readonly roles?: ReadonlySet<Role>;
  /** True: changed files of the workspace are applied without a request. */
  readonly watch?: boolean;
  /** Additional variables of the workspace. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningHost {
  readonly host: Host;
  readonly loaded: LoadedWorkspace;
  /** Milliseconds from the call until the host accepts requests. */
  readonly startedInMs: number;
}

/**
 * Starts a host in this process, as `sluice run` does. Resolves with undefined when the workspace has errors, after printing its
 * findings. On a terminal it prints event lines and warnings, elsewhere the log as JSON.
 */
export async function startHost({
  directory,
  roles = new Set(ROLES),
  watch = false,
  env: more,
}: HostRequest): Promise<RunningHost | undefined> {
  const from = performance.now();
  const env = readEnv();
  const workspaceEnv = { ...readWorkspaceEnv(), ...more };
  const runnable = await loadRunnable(directory, workspaceEnv, env.SLUICE_HOME);
  const { loaded, replaced } = runnable;
  const findings = replaced?.findings ?? loaded.findings;
  if (findings.length > 0) printNotice(findingsText(findings));
  const { workspace, plugins } = loaded;
  if (!workspace) return undefined;

  const secrets = new Secrets();
  const terminal = process.stdout.isTTY;
  // beside events a terminal shows only warnings and errors, unless SLUICE_LOG_LEVEL asks for more
  const level = terminal && env.SLUICE_LOG_LEVEL === 'info' ? 'warn' : env.SLUICE_LOG_LEVEL;
  const logger = createLogger(level, secrets, terminal ? logLines({ write: printLine, colors: paint }) : process.stdout);
  const types = workspace.flows.flatMap(({ trigger }) => (trigger.kind === 'event' ? trigger.types : []));
  const observer = eventLines({ write: printLine, colors: paint, now: () => new Date(), types });
  const log = toLog(logger);
  let workspaceNow = () => workspace;
  const files = watchWorkspace(directory, runnable, workspaceEnv, log, () => workspaceNow());
  if (replaced) log.error(describeWorkspace(files.state));
  const host = await startHostOf({
    env,
    workspace,
    plugins,
    compileRevision: loaded.compileRevision,
    load: () => loadWorkspace(directory, workspaceEnv),
    onReloaded: (reloaded) => keepCopy(env.SLUICE_HOME, directory, reloaded, log),
    appliesChanges: watch,
    roles,
    logger,
    secrets,
    files,
    ...(terminal && { observer }),
  });
  workspaceNow = () => host.workspace;
  if (!replaced) await keepCopy(env.SLUICE_HOME, directory, loaded, log);
  logger.info({ port: host.port, engines: host.backends }, 'ready');
  if (!/^(127\.|::1$|localhost$)/.test(env.SLUICE_HTTP_HOST)) warnOfPlainHttp(logger, terminal);
  // a parent with an IPC channel waits for this message; errors are ignored, because `disconnect` reports a lost parent
  process.send?.({ ready: true, port: host.port, engines: host.backends }, undefined, undefined, () => undefined);
  return { host, loaded, startedInMs: performance.now() - from };
}

/** Saves the last good copy. A host that cannot write works, but its next start has no copy. */
async function keepCopy(home: string, directory: string, { files }: LoadedWorkspace, log: Log): Promise<void> {
  await keepLastGood(home, directory, files).catch((error: unknown) =>
    log.warn(`the files of the workspace cannot be copied to ${home}, so a start with a broken file will fail: ${String(error)}`),
  );
}

function warnOfPlainHttp(logger: { warn(message: string): void }, terminal: boolean): void {
  const text =
    'HTTP without TLS: others in the network can read tokens and data. Put a proxy with TLS in front, or set SLUICE_HTTP_HOST=127.0.0.1';
  if (terminal) print(`${paint.dim(clock(new Date()))} ${paint.yellow('warning')} ${text}`);
  else logger.warn(text);
}
