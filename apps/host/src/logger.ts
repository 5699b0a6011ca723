import type { LoggerService } from '@nestjs/common';
import type { Log } from '@sluice/plugin-api';
import { pino, type Logger } from 'pino';

const MASK = '***';

/** A value so short stands in many words: it is masked where it stands alone. */
const SHORT = 4;

function maskWord(text: string, value: string): string {
  const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'), MASK);
}

/** As it stands in a line of JSON: with its quotes, backslashes and line ends escaped. */
function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** Values that must not leave the process in any text. Grows while the host starts. */
export class Secrets {
  #values: readonly string[] = [];

  add(values: readonly string[]): void {
    const written = values.filter((value) => value.length > 0).flatMap((value) => [value, inJson(value)]);
    const all = new Set([...this.#values, ...written]);
    // a secret may contain another: the longest goes first
    this.#values = [...all].sort((a, b) => b.length - a.length);
  }

  mask(text: string): string {
    return this.#values.reduce(
      (masked, value) => (value.length < SHORT ? maskWord(masked, value) : masked.replaceAll(value, MASK)),
      text,
    );
  }
}

/** One JSON object a line, on standard output; secrets are masked in the finished line. */
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

/** NestJS's log over ours. Its chatter about modules and routes is debug. */
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
