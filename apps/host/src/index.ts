/** The NestJS host: wires ports to adapters, loads plugins and flows, listens. Read `host.ts` first. */
export { Host, type HostOptions } from './host.js';
export { readEnv, readWorkspaceEnv, type Env } from './env.js';
export { openDatabase } from './engines.js';
export { loadWorkspace, type LoadedWorkspace } from './load-workspace.js';
export { createLogger, Secrets, toLog } from './logger.js';
export { operatorSecret, signOperatorToken, OPERATOR } from './tokens.js';
export type { Diagnosis } from './api/doctor.js';
