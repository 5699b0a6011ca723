/**
 * The NestJS host: connects ports with adapters, loads plugins and flows, and listens. Read `host.ts` first. Only `startHost` loads
 * NestJS, so commands that start no host can import this package cheaply.
 */
export { startHost } from './start-host.js';
export type { Host, HostOptions } from './host.js';
export { readEnv, readWorkspaceEnv, type Env } from './env.js';
export { loadRunnable, loadWorkspace, type LoadedWorkspace, type RunnableWorkspace } from './load-workspace.js';
export { HOST_CODES } from './failures.js';
export { keepLastGood } from './last-good.js';
export { describeWorkspace, watchWorkspace, type WorkspaceState } from './workspace-watch.js';
export { createLogger, toLog } from './logger.js';
export { Secrets } from './secrets.js';
export { OPERATOR_MAX_TTL_MS, operatorSecret, signOperatorToken } from './tokens.js';
export { diagnoseConnection } from './api/doctor.js';
