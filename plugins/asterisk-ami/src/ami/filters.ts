import type { FieldValue, Packet } from './packet.js';
import { textOf } from './packet.js';

/** Which events somebody wants to hear of. */
export interface EventFilter {
  /** Names of events; `*` are all. */
  readonly events: readonly string[];
  /** Of `VarSet` only these variables; absent: all. */
  readonly variables?: readonly string[] | undefined;
  /** What fields must hold; `*` stands for any characters. */
  readonly match?: Readonly<Record<string, string>> | undefined;
}

/** The variable's own name: `_` and `__` before it only say that it is inherited. */
export const variableName = (name: string) => name.replace(/^__?/, '');

/** A line of `Filter` may be so long; the rest of it is its header. */
const MAX_EXPRESSION_LENGTH = 900;
/** In the exchange each field is followed by CR and LF, which POSIX knows as control characters. */
const END = '[[:cntrl:]]';

/**
 * Regular expressions (POSIX extended) for the action `Filter`: with them the exchange sends what fits one of them, and little else. They
 * look at the name of the event, at the variable and at one of the fields; all of it is checked again on this side. The name of the event is
 * the first field of a packet, so no line end stands before it.
 */
export function serverFilters(wanted: EventFilter): readonly string[] {
  const [field] = Object.entries(wanted.match ?? {}).filter(([name]) => name !== 'Event');
  const also = field ? `.*${END}${escaped(field[0])}: ${pattern(field[1], escaped)}${END}` : '';
  const name = wanted.match?.['Event'];
  if (wanted.events.includes('*')) return [`^Event: ${name === undefined ? '.*' : `${pattern(name, escaped)}${END}`}${also}`];
  const others = wanted.events.filter((name) => name !== 'VarSet' || wanted.variables === undefined);
  const filters = inPieces(others).map((names) => `^Event: (${names.join('|')})${END}${also}`);
  if (others.length === wanted.events.length) return filters;
  const ofVariables = inPieces((wanted.variables ?? []).map(escaped));
  return [...filters, ...ofVariables.map((names) => `^Event: VarSet${END}.*${END}Variable: _?_?(${names.join('|')})${END}`)];
}

/** Says of an event whether it is wanted. */
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

/** The same characters are special in POSIX and in JavaScript; a bracket expression quotes them in both. */
function escaped(text: string): string {
  return text.replaceAll(/[.?+(){}|[\]^$\\/]/g, (sign) =>
    sign === '^' || sign === '\\' || sign === ']' ? `\\${sign}` : `[${sign}]`,
  );
}

/** Names in groups that fit into a line. */
function inPieces(names: readonly string[]): readonly (readonly string[])[] {
  const pieces: string[][] = [];
  let length = Infinity;
  for (const name of names) {
    length += name.length + 1;
    if (length > MAX_EXPRESSION_LENGTH) {
      pieces.push([]);
      length = name.length;
    }
    pieces.at(-1)?.push(name);
  }
  return pieces;
}
