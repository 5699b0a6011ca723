import type { LoggerService } from '@nestjs/common';
import type { Log } from '@sluice/plugin-api';
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
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}

/** Passes the log of NestJS to ours. Its messages about modules and routes have the level debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
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
