import { FAULT_KINDS, type Fault, type FaultKind } from '@sluice/emulator';
import { ROLES, type Role } from '@sluice/engine';
import { parseDuration } from '@sluice/plugin-api';
import { InvalidArgumentError, Option, type Command } from 'commander';

/** Parsers of option values. Each throws an error of commander for an invalid value. */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new InvalidArgumentError('a duration is a number with one unit, at most 3650d: 500ms, 2s, 5m, 8h, 30d');
  return ms;
}

export function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number of at least 1');
  return Number(text);
}

export function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return Number(text);
}

/** Reads words separated by spaces, the format of `scope` in RFC 8693. A comma would become part of an unknown scope. */
export function readScopes(text: string): string {
  if (text.includes(',')) throw new InvalidArgumentError('scopes are separated by spaces: "events:write viewer"');
  return text;
}

/** Reads names such as `api,flows`. */
export function readRoles(text: string): ReadonlySet<Role> {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(ROLES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is not a role: ${ROLES.join(', ')}`);
  return new Set(names as Role[]);
}

/** Reads `busy` for all calls or `busy:3` for the next three; the option can be repeated. */
export function readFault(text: string, before: readonly Fault[] = []): readonly Fault[] {
  const [kind = '', times, ...rest] = text.split(':');
  if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
    throw new InvalidArgumentError(`"${kind}" is not a fault: ${FAULT_KINDS.join(', ')}`);
  }
  if (rest.length > 0) throw new InvalidArgumentError('write kind, or kind:times');
  return [...before, { kind: kind as FaultKind, ...(times !== undefined && { times: readCount(times) }) }];
}

/** Reads a time: ISO 8601, or a duration before now. */
export function readTime(text: string): Date {
  const ms = parseDuration(text);
  if (ms !== undefined) return new Date(Date.now() - ms);
  const time = isDate(text.slice(0, DATE_LENGTH)) ? new Date(text) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('write a duration before now (30m, 2h, 7d; at most 3650d) or a time (2026-02-01T10:00:00Z)');
  }
  return time;
}

const DATE_LENGTH = 'YYYY-MM-DD'.length;

/** JavaScript reads 30 February as 2 March. */
function isDate(text: string): boolean {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(text) : new Date(NaN);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Flags of a command that prints text or JSON. */
export interface Format {
  readonly format?: 'text' | 'json';
  readonly json?: boolean;
}

/** Adds `--format text|json`, and `--json` for short. */
export function addFormat(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'output as text or JSON').choices(['text', 'json']).default('text'))
    .option('--json', 'the same as --format json');
}

export function wantsJson({ format, json = false }: Format): boolean {
  return json || format === 'json';
}

/** Reads names separated by commas. @param before the names of earlier occurrences of a repeated option. */
export function readNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('names are separated by commas: sales,first-floor');
  return [...before, ...names];
}
