import { connect, createServer } from 'node:net';
import type { Diagnosis } from '@sluice/admin-contract';
import { PostgresProcess } from '@sluice/embedded';
import { formatFinding } from '@sluice/flow';
import { loadWorkspace, readWorkspaceEnv, type Env, type LoadedWorkspace } from '@sluice/host';
import { describeError } from '../exit.js';
import { standInVariables } from '../host/stand-ins.js';
import { counted } from '../terminal/words.js';
import { checkConnections, type Line } from './check-connections.js';

export const WORKSPACE = 'workspace';
const REACH_MS = 3_000;
const PORTS = { 'amqp:': 5672, 'amqps:': 5671, 'redis:': 6379, 'rediss:': 6379, 'postgres:': 5432, 'postgresql:': 5432 } as const;

/** Checks the workspace and each of its connections with the variables of this process. */
export async function checkFromShell(directory: string): Promise<readonly Line[]> {
  const env = readWorkspaceEnv();
  try {
    const loaded = await loadWorkspace(directory, env);
    const standIns = await standInVariables(directory, env);
    return [workspaceLine(loaded), ...(await checkConnections(loaded, standIns))];
  } catch (error) {
    return [{ what: WORKSPACE, ok: false, says: describeError(error) }];
  }
}

/** Checks the requirements of a host: its port, the servers that the environment names, and the embedded database. */
export async function checkEngines(env: Env): Promise<readonly Diagnosis[]> {
  return [await checkPort(env), ...(await Promise.all(serversOf(env).map(checkServer))), ...(await checkEmbedded(env))];
}

function workspaceLine({ findings, workspace }: LoadedWorkspace): Diagnosis {
  // the number of flows is unknown when the findings contain errors
  const flows = workspace ? `${counted(workspace.flows.length, 'flow')}, ` : '';
  const says = `${flows}${counted(findings.length, 'finding')}`;
  const [first] = findings;
  if (first === undefined) return { what: WORKSPACE, ok: true, says };
  const unchecked = workspace ? '' : '; connections are not checked until it has no errors';
  return { what: WORKSPACE, ok: false, says: `${says}${unchecked}\n${formatFinding(first)}`, cure: 'sluice lint' };
}

function checkPort({ SLUICE_HTTP_PORT: port, SLUICE_HTTP_HOST: host }: Env): Promise<Diagnosis> {
  const what = `port ${port}`;
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({
        what,
        ok: false,
        says: `cannot be opened (${code})`,
        cure: 'stop the program that uses the port, or set SLUICE_HTTP_PORT',
      }),
    );
    probe.listen(port, host, () => probe.close(() => resolve({ what, ok: true, says: 'is free' })));
  });
}

interface Server {
  readonly variable: string;
  readonly url: string;
}

function serversOf(env: Env): readonly Server[] {
  const variables = ['SLUICE_DATABASE_URL', 'SLUICE_RABBITMQ_URL', 'SLUICE_REDIS_URL'] as const;
  return variables.flatMap((variable) => {
    const url = env[variable];
    return url === undefined ? [] : [{ variable, url }];
  });
}

/** Opens a TCP connection. It does not log in, so it does not check the password. */
function checkServer({ variable, url }: Server): Promise<Diagnosis> {
  const at = addressOf(url);
  const what = `${variable} ${at.host}:${at.port}`;
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: REACH_MS });
    const done = (ok: boolean, says: string) => {
      socket.destroy();
      resolve({
        what,
        ok,
        says,
        ...(!ok && { cure: `check that the server runs and that the address in ${variable} is right` }),
      });
    };
    socket.once('connect', () => done(true, 'accepts connections'));
    socket.once('timeout', () => done(false, `no answer within ${REACH_MS / 1_000} s`));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(false, `cannot be reached (${code})`));
  });
}

/** Returns host and port of the URL of a server. Exported for its test. */
export function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  // the brackets of an IPv6 address belong to the URL
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || PORTS[protocol as keyof typeof PORTS] };
}

async function checkEmbedded(env: Env): Promise<readonly Diagnosis[]> {
  if (env.SLUICE_DATABASE_URL !== undefined) return [];
  const running = await PostgresProcess.attach(env.SLUICE_HOME);
  const says = running ? `runs on port ${running.port}` : 'does not run: the host starts it';
  return [{ what: `embedded PostgreSQL in ${env.SLUICE_HOME}`, ok: true, says }];
}
