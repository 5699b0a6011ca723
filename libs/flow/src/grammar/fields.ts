import { lookAlikeNote } from '../look-alikes.js';
import { nearest } from '../nearest.js';
import type { Cure, Report } from '../report.js';
import { toValue, type MapEntry, type MapNode, type YamlNode } from '../yaml/nodes.js';
import { firstUnit, type Span } from '../yaml/source-text.js';

/** Unknown keys of one map that are reported: more of them say nothing new. */
const MAX_UNKNOWN_KEYS = 50;

/** The keys that a map may have. */
export interface KeyTable {
  /** As messages name the map: "deliver", "a step". */
  readonly of: string;
  readonly keys: readonly string[];
  /** Known, and refused until a later release honours them. */
  readonly later?: readonly string[];
  /** What to do instead of a key of `later` that cannot simply be left out. */
  readonly instead?: Readonly<Record<string, string>>;
  /** What to write instead of a key that people try. */
  readonly cures?: Readonly<Record<string, (value: unknown) => string>>;
  /** How to add a key that is missing. */
  readonly adds?: Readonly<Record<string, Cure>>;
  /** Said of a key that resembles none: where people probably meant to write it. */
  readonly hint?: string;
}

/** The keys of a map, each checked to be known. */
export class Fields {
  private readonly entries = new Map<string, MapEntry>();

  constructor(
    readonly node: MapNode,
    private readonly table: KeyTable,
    private readonly report: Report,
  ) {
    let unknown = 0;
    for (const entry of node.entries) {
      this.entries.set(entry.name, entry);
      if (table.later?.includes(entry.name))
        reportLater(entry.key, `"${entry.name}" of ${table.of}`, report, table.instead?.[entry.name]);
      else if (!table.keys.includes(entry.name) && (unknown += 1) <= MAX_UNKNOWN_KEYS) this.reportUnknown(entry);
    }
  }

  /** Absent also when nothing is written after the key, which has been reported. */
  get(name: string): YamlNode | undefined {
    const value = this.entries.get(name)?.value;
    return value?.kind === 'scalar' && value.empty ? undefined : value;
  }

  entry(name: string): MapEntry | undefined {
    return this.entries.get(name);
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** As `get`, and reports a key that is not there. */
  need(name: string): YamlNode | undefined {
    if (!this.has(name)) {
      this.report.error(
        firstUnit(this.node),
        'FLOW_VALUE',
        `${this.table.of} needs "${name}"`,
        this.table.adds?.[name] ?? { do: `add "${name}"` },
      );
    }
    return this.get(name);
  }

  private reportUnknown(entry: MapEntry): void {
    const { of, keys, later = [], cures, hint } = this.table;
    const cure = cures?.[entry.name]?.(toValue(entry.value)) ?? nearest(entry.name, [...keys, ...later]);
    const otherwise = `${hint === undefined ? '' : `${hint}; `}keys of ${of}: ${keys.join(', ')}`;
    this.report.error(
      entry.key,
      'FLOW_UNKNOWN_KEY',
      `"${entry.name}" is not a key of ${of}${lookAlikeNote(entry.name)}`,
      cure === undefined ? { do: otherwise } : { write: cure },
    );
  }
}

/** The keys of a node that must be a map; reports one that is not. */
export function readFields(node: YamlNode, table: KeyTable, report: Report): Fields | undefined {
  if (node.kind === 'map') return new Fields(node, table, report);
  if (!(node.kind === 'scalar' && node.empty)) {
    report.error(node, 'FLOW_VALUE', `${table.of} is a map`, { do: `keys of ${table.of}: ${table.keys.join(', ')}` });
  }
  return undefined;
}

/** @param instead what to do until then, where it cannot be left out */
export function reportLater(at: Span, what: string, report: Report, instead = 'leave it out until then'): void {
  report.error(at, 'FLOW_NOT_YET', `${what} comes with a later release`, { do: instead });
}
