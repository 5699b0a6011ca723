import { ROLES, type Role } from '@sluice/engine';
import {
  createLogger,
  describeWorkspace,
  keepLastGood,
  loadRunnable,
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
import { print, printLine, say } from '../terminal/print.js';
import { clock } from '../terminal/words.js';

export interface HostRequest {
  /** The workspace. */
  readonly directory: string;
  readonly roles?: ReadonlySet<Role>;
  /** Variables of the workspace beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningHost {
  readonly host: Host;
  readonly loaded: LoadedWorkspace;
  /** From the call to the open door. */
  readonly startedInMs: number;
}

/**
 * Starts a host in this process, as `sluice run` does. Undefined, and nothing is started, when the workspace has errors: its findings have
 * been told then. On a terminal each event is told in lines, and the log from warnings on; elsewhere the log is JSON.
 */
export async function startHost({ directory, roles = new Set(ROLES), env: more }: HostRequest): Promise<RunningHost | undefined> {
  const from = performance.now();
  const env = readEnv();
  const workspaceEnv = { ...readWorkspaceEnv(), ...more };
  const runnable = await loadRunnable(directory, workspaceEnv, env.SLUICE_HOME);
  const { loaded, replaced } = runnable;
  const findings = replaced?.findings ?? loaded.findings;
  if (findings.length > 0) say(findingsText(findings));
  const { workspace, plugins } = loaded;
  if (!workspace) return undefined;

  const secrets = new Secrets();
  const terminal = process.stdout.isTTY;
  // what a terminal shows beside the events is trouble only, unless more is asked for
  const level = terminal && env.SLUICE_LOG_LEVEL === 'info' ? 'warn' : env.SLUICE_LOG_LEVEL;
  const logger = createLogger(level, secrets, terminal ? logLines({ write: printLine, colors: paint }) : process.stdout);
  const types = workspace.flows.flatMap(({ trigger }) => (trigger.kind === 'event' ? trigger.types : []));
  const observer = eventLines({ write: printLine, colors: paint, now: () => new Date(), types });
  const log = toLog(logger);
  const files = watchWorkspace(directory, runnable, workspaceEnv, log);
  if (replaced) log.error(describeWorkspace(files.state));
  const host = await startHostOf({ env, workspace, plugins, roles, logger, secrets, files, ...(terminal && { observer }) });
  if (!replaced) await keepCopy(env.SLUICE_HOME, directory, loaded, log);
  logger.info({ port: host.port, engines: host.backends }, 'ready');
  if (!/^(127\.|::1$|localhost$)/.test(env.SLUICE_HTTP_HOST)) warnOfPlainHttp(logger, terminal);
  // a parent that spoke of IPC waits for this; one that has gone meanwhile is heard of by `disconnect`
  process.send?.({ ready: true, port: host.port, engines: host.backends }, undefined, undefined, () => undefined);
  return { host, loaded, startedInMs: performance.now() - from };
}

/** A host without a place to write to works all the same; only its next start has no copy. */
async function keepCopy(home: string, directory: string, { files }: LoadedWorkspace, log: Log): Promise<void> {
  await keepLastGood(home, directory, files).catch((error: unknown) =>
    log.warn(`the files of the workspace cannot be copied to ${home}, so a start with a broken file will fail: ${String(error)}`),
  );
}

function warnOfPlainHttp(logger: { warn(message: string): void }, terminal: boolean): void {
  const text =
    'HTTP without TLS: tokens and data can be read on the way. Put a proxy with TLS in front, or set SLUICE_HTTP_HOST=127.0.0.1';
  if (terminal) print(`${paint.dim(clock(new Date()))} ${paint.yellow('warning')} ${text}`);
  else logger.warn(text);
}
