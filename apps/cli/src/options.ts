import { FAULT_KINDS, type Fault, type FaultKind } from '@sluice/emulator';
import { ROLES, type Role } from '@sluice/engine';
import { parseDuration } from '@sluice/plugin-api';
import { InvalidArgumentError, Option, type Command } from 'commander';

/** Values of options. Each throws commander's error for a value that it does not take. */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('a duration is a number with one unit: 500ms, 2s, 5m, 8h, 30d');
  return ms;
}

export function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number from 1 on is wanted');
  return Number(text);
}

export function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return Number(text);
}

/** Words with spaces between, as RFC 8693 writes a `scope`. A comma would become part of a name that grants nothing. */
export function readScopes(text: string): string {
  if (text.includes(',')) throw new InvalidArgumentError('scopes are separated by spaces: "events:write viewer"');
  return text;
}

/** `api,flows`; `all` are all of them. */
export function readRoles(text: string): ReadonlySet<Role> {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(ROLES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is no role: ${ROLES.join(', ')}`);
  return new Set(names as Role[]);
}

/** `busy` for all calls, `busy:3` for the next three; the option may be given again. */
export function readFault(text: string, before: readonly Fault[] = []): readonly Fault[] {
  const [kind = '', times, ...rest] = text.split(':');
  if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
    throw new InvalidArgumentError(`"${kind}" is no fault: ${FAULT_KINDS.join(', ')}`);
  }
  if (rest.length > 0) throw new InvalidArgumentError('write kind, or kind:times');
  return [...before, { kind: kind as FaultKind, ...(times !== undefined && { times: readCount(times) }) }];
}

/** Flags of a command that prints for people or for programs. */
export interface Format {
  readonly format?: 'text' | 'json';
  readonly json?: boolean;
}

/** Adds `--format text|json`, and `--json` for short. */
export function addFormat(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'for people or for programs').choices(['text', 'json']).default('text'))
    .option('--json', 'the same as --format json');
}

export function wantsJson({ format, json = false }: Format): boolean {
  return json || format === 'json';
}

/** `sales,first-floor`: words with commas between them; an option that may be given again passes the names `before`. */
export function readNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('names are separated by commas: sales,first-floor');
  return [...before, ...names];
}
