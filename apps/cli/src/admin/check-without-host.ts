import { connect, createServer } from 'node:net';
import { PostgresProcess } from '@sluice/embedded';
import { formatFinding } from '@sluice/flow';
import { loadWorkspace, readEnv, readWorkspaceEnv, type Diagnosis, type Env } from '@sluice/host';
import { describeError } from '../exit.js';
import { counted } from '../terminal/words.js';

const REACH_MS = 3_000;
const PORTS = { 'amqp:': 5672, 'amqps:': 5671, 'redis:': 6379, 'rediss:': 6379, 'postgres:': 5432, 'postgresql:': 5432 } as const;

/** What can be told of a machine on which no host runs: the workspace, the port of the door, and whether the servers answer at all. */
export async function checkWithoutHost(workspace: string): Promise<readonly Diagnosis[]> {
  const env = readEnv();
  return [
    await checkWorkspace(workspace),
    await checkPort(env),
    ...(await Promise.all(serversOf(env).map(checkServer))),
    ...(await checkEmbedded(env)),
  ];
}

async function checkWorkspace(directory: string): Promise<Diagnosis> {
  const what = 'workspace';
  try {
    const { findings, workspace } = await loadWorkspace(directory, readWorkspaceEnv());
    // with errors among the findings nobody knows how many flows there are
    const flows = workspace ? `${counted(workspace.flows.length, 'flow')}, ` : '';
    const says = `${flows}${counted(findings.length, 'finding')}`;
    const [first] = findings;
    return first === undefined
      ? { what, ok: true, says }
      : { what, ok: false, says: `${says}\n${formatFinding(first)}`, cure: 'sluice lint' };
  } catch (error) {
    return { what, ok: false, says: describeError(error) };
  }
}

function checkPort({ SLUICE_HTTP_PORT: port, SLUICE_HTTP_HOST: host }: Env): Promise<Diagnosis> {
  const what = `port ${port}`;
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({ what, ok: false, says: `cannot be opened (${code})`, cure: 'stop what listens there, or set SLUICE_HTTP_PORT' }),
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

/** Says nothing of the password: a connection is opened and no more. */
function checkServer({ variable, url }: Server): Promise<Diagnosis> {
  const at = addressOf(url);
  const what = `${variable} ${at.host}:${at.port}`;
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: REACH_MS });
    const done = (ok: boolean, says: string) => {
      socket.destroy();
      resolve({ what, ok, says, ...(!ok && { cure: `check the address in ${variable}, and that the server runs` }) });
    };
    socket.once('connect', () => done(true, 'takes connections'));
    socket.once('timeout', () => done(false, `no answer within ${REACH_MS / 1_000} s`));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(false, `cannot be reached (${code})`));
  });
}

/** Where the server of such a URL listens. Exported for its test. */
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
