/**
 * The NestJS host: wires ports to adapters, loads plugins and flows, listens. Read `host.ts` first. Only `startHost` loads NestJS: a
 * command that starts no host takes what it needs from here without it.
 */
export { startHost } from './start-host.js';
export type { Host, HostOptions } from './host.js';
export { readEnv, readWorkspaceEnv, type Env } from './env.js';
export { loadRunnable, loadWorkspace, type LoadedWorkspace, type RunnableWorkspace } from './load-workspace.js';
export { keepLastGood } from './last-good.js';
export { describeWorkspace, watchWorkspace, type WorkspaceState } from './workspace-watch.js';
export { createLogger, toLog } from './logger.js';
export { Secrets } from './secrets.js';
export { OPERATOR_MAX_TTL_MS, operatorSecret, signOperatorToken } from './tokens.js';
export { diagnoseConnection, type Diagnosis } from './api/doctor.js';
