import type { FieldValue, Packet } from './packet.js';
import { textOf } from './packet.js';

/** The events that a listener wants. */
export interface EventFilter {
  /** Names of events; `*`: all. */
  readonly events: readonly string[];
  /** For `VarSet` only these variables; absent: all. */
  readonly variables?: readonly string[] | undefined;
  /** Texts of fields; `*` stands for any characters. */
  readonly match?: Readonly<Record<string, string>> | undefined;
}

/** Returns the name of a variable without `_` or `__`, which only mark it as inherited. */
export const variableName = (name: string) => name.replace(/^__?/, '');

/** Maximum length of an expression in a line of `Filter`, which has a header, too. */
const MAX_EXPRESSION_LENGTH = 900;
/** The end of a field: in Asterisk CR and LF follow each field, and POSIX counts them among the control characters. */
const END = '[[:cntrl:]]';

/**
 * Returns regular expressions (POSIX extended) for the action `Filter`. The exchange sends the events that match one of them. The
 * expressions test the name of the event, the variable and one of the fields; `localFilter` tests everything. The name is the first field
 * of a packet, so no line end is before it.
 */
export function serverFilters(wanted: EventFilter): readonly string[] {
  const [field] = Object.entries(wanted.match ?? {}).filter(([name]) => name !== 'Event');
  const also = field ? `.*${END}${escaped(field[0])}: ${pattern(field[1], escaped)}${END}` : '';
  const name = wanted.match?.['Event'];
  if (wanted.events.includes('*')) return [`^Event: ${name === undefined ? '.*' : `${pattern(name, escaped)}${END}`}${also}`];
  const others = wanted.events.filter((name) => name !== 'VarSet' || wanted.variables === undefined);
  const filters = inGroups(others).map((names) => `^Event: (${names.join('|')})${END}${also}`);
  if (others.length === wanted.events.length) return filters;
  const ofVariables = inGroups((wanted.variables ?? []).map(escaped));
  return [...filters, ...ofVariables.map((names) => `^Event: VarSet${END}.*${END}Variable: _?_?(${names.join('|')})${END}`)];
}

/** Returns the tests of an event: by its name, and by its fields. */
export function localFilter(wanted: EventFilter): {
  readonly wants: (name: string) => boolean;
  readonly fits: (packet: Packet) => boolean;
} {
  const names = wanted.events.includes('*') ? undefined : new Set(wanted.events);
  const variables = wanted.variables && new Set(wanted.variables);
  const fields = Object.entries(wanted.match ?? {}).map(
    ([name, text]) => [name, new RegExp(`^${pattern(text, escaped)}$`, 's')] as const,
  );
  return {
    wants: (name) => names === undefined || names.has(name),
    fits: (packet) => {
      if (variables && packet['Event'] === 'VarSet' && !variables.has(variableName(textOf(packet, 'Variable') ?? '')))
        return false;
      return fields.every(([name, expression]) => holds(packet[name], expression));
    },
  };
}

function holds(value: FieldValue | undefined, expression: RegExp): boolean {
  if (typeof value === 'string') return expression.test(value);
  return Array.isArray(value) && value.some((one: string) => expression.test(one));
}

function pattern(text: string, escape: (part: string) => string): string {
  return text.split('*').map(escape).join('.*');
}

/** Quotes the characters that are special in POSIX and in JavaScript, with bracket expressions, which both understand. */
function escaped(text: string): string {
  return text.replaceAll(/[.?+(){}|[\]^$\\/]/g, (sign) =>
    sign === '^' || sign === '\\' || sign === ']' ? `\\${sign}` : `[${sign}]`,
  );
}

/** Returns the names in groups, each of which fits into a line. */
function inGroups(names: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let length = Infinity;
  for (const name of names) {
    length += name.length + 1;
    if (length > MAX_EXPRESSION_LENGTH) {
      groups.push([]);
      length = name.length;
    }
    groups.at(-1)?.push(name);
  }
  return groups;
}
