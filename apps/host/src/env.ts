import { engineFail } from '@sluice/plugin-api';
import { z } from 'zod';

const url = (...protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.join(' or ')}//`,
    )
    .refine(hasReadableUser, 'has a % in its user or password: write %25 for it')
    .optional();

/** Clients decode user and password, and report a wrong % only as "URI malformed". */
function hasReadableUser(text: string): boolean {
  if (!URL.canParse(text)) return true; // an invalid URL has been reported already
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const Env = z.object({
  SLUICE_RABBITMQ_URL: url('amqp:', 'amqps:'),
  SLUICE_REDIS_URL: url('redis:', 'rediss:'),
  SLUICE_DATABASE_URL: url('postgres:', 'postgresql:'),
  SLUICE_HOME: z.string().default('.sluice'),
  SLUICE_HTTP_PORT: port(3000),
  SLUICE_HTTP_HOST: z.string().default('0.0.0.0'),
  SLUICE_STOMP_PORT: port(61613),
  SLUICE_TOKEN_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SLUICE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** For the command line: URL of a host on another machine, and a token for it. */
  SLUICE_URL: url('http:', 'https:'),
  SLUICE_TOKEN: z.string().optional(),
});

export type Env = Readonly<z.output<typeof Env>>;

/** Reads the variables of the host. Throws `CONFIG_INVALID` with all problems, without values, because they may contain passwords. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  // an empty variable counts as unset, because shells and compose files unset variables like this
  const given = Object.fromEntries(Object.entries(source).filter(([name, value]) => name.startsWith('SLUICE_') && value !== ''));
  const parsed = Env.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw engineFail.CONFIG_INVALID(problems.join('; '));
}

/**
 * Returns the variables that flows and connections may read as `env.NAME`: all but those of the host. These contain the key of the
 * operator's tokens and the address of the database, and a flow could send them elsewhere.
 */
export function readWorkspaceEnv(source: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string | undefined>> {
  return Object.freeze(Object.fromEntries(Object.entries(source).filter(([name]) => !name.toUpperCase().startsWith('SLUICE_'))));
}
