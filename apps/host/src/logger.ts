import type { LoggerService } from '@nestjs/common';
import { isSluiceError, viewError, type Log } from '@sluice/plugin-api';
import { pino, type Logger } from 'pino';
import type { Secrets } from './secrets.js';

/** Creates a logger that writes one JSON object per line and masks secrets in the complete line. */
export function createLogger(level: string, secrets: Secrets, destination: NodeJS.WritableStream = process.stdout): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: (line) => secrets.mask(line) } },
    destination,
  );
}

export function toLog(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(withErrors(fields), message),
    info: (message, fields) => logger.info(withErrors(fields), message),
    warn: (message, fields) => logger.warn(withErrors(fields), message),
    error: (message, fields) => logger.error(withErrors(fields), message),
  };
}

/** Replaces errors by their views, because JSON contains no property of an error. An unexpected error keeps its stack. */
function withErrors(fields: object = {}): object {
  const shown = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    if (isSluiceError(value)) return [name, viewError(value)];
    return [name, value instanceof Error ? { ...viewError(value), stack: value.stack } : value];
  });
  return Object.fromEntries(shown) as object;
}

/** Passes the log of NestJS to ours. Its messages about modules and routes have the level debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    // the start fails with a message of its own then: `listenOn`
    const isPort = typeof message === 'string' && message.startsWith('Error: listen E');
    this.#write(isPort ? 'debug' : 'error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  #write(level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal', message: unknown, rest: readonly unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const text = message instanceof Error ? message.message : String(message);
    this.logger[level]({ ...(context !== undefined && { context }), ...(message instanceof Error && { err: message }) }, text);
  }
}
