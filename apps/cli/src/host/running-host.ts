import { ROLES, type Role } from '@sluice/engine';
import { formatFindings } from '@sluice/flow';
import {
  createLogger,
  loadWorkspace,
  readEnv,
  readWorkspaceEnv,
  Secrets,
  startHost as startHostOf,
  type Host,
  type LoadedWorkspace,
} from '@sluice/host';
import pc from 'picocolors';
import { eventLines } from '../terminal/event-lines.js';
import { logLines } from '../terminal/log-lines.js';
import { print, say } from '../terminal/print.js';

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
  const loaded = await loadWorkspace(directory, { ...readWorkspaceEnv(), ...more });
  if (loaded.findings.length > 0) say(formatFindings(loaded.findings));
  const { workspace, plugins } = loaded;
  if (!workspace) return undefined;

  const secrets = new Secrets();
  const terminal = process.stdout.isTTY;
  // what a terminal shows beside the events is trouble only, unless more is asked for
  const level = terminal && env.SLUICE_LOG_LEVEL === 'info' ? 'warn' : env.SLUICE_LOG_LEVEL;
  const logger = createLogger(level, secrets, terminal ? logLines({ write: print, colors: pc }) : process.stdout);
  const observer = eventLines({ write: print, colors: pc, now: () => new Date() });
  const host = await startHostOf({ env, workspace, plugins, roles, logger, secrets, ...(terminal && { observer }) });
  logger.info({ port: host.port, engines: host.engines }, 'ready');
  if (!/^(127\.|::1$|localhost$)/.test(env.SLUICE_HTTP_HOST)) warnOfPlainHttp(logger, terminal);
  // a parent that spoke of IPC waits for this; one that has gone meanwhile is heard of by `disconnect`
  process.send?.({ ready: true, port: host.port, engines: host.engines }, undefined, undefined, () => undefined);
  return { host, loaded, startedInMs: performance.now() - from };
}

function warnOfPlainHttp(logger: { warn(message: string): void }, terminal: boolean): void {
  const text = 'no TLS: tokens travel in the clear; put a proxy with TLS in front, or set SLUICE_HTTP_HOST=127.0.0.1';
  if (terminal) print(pc.red(text));
  else logger.warn(text);
}
