import { lookAlikeNote } from '../look-alikes.js';
import { nearest } from '../nearest.js';
import { replacing, type Cure, type Report } from '../report.js';
import { toValue, type MapEntry, type MapNode, type YamlNode } from '../yaml/nodes.js';
import { firstUnit, type Span } from '../yaml/source-text.js';

/** Maximum unknown keys of one map to report: further reports would not help the reader. */
const MAX_UNKNOWN_KEYS = 50;

/** A key of the language, without a value. */
const KEY = /^[A-Za-z]+$/;

/** The keys that a map may have. */
export interface KeyTable {
  /** The name of the map in messages: "deliver", "a step". */
  readonly of: string;
  readonly keys: readonly string[];
  /** Keys of a later release: known, but reported as errors until then. */
  readonly later?: readonly string[];
  /** Cures for the keys of `later` that cannot simply be left out. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Replacements for wrong keys that people often try. */
  readonly cures?: Readonly<Record<string, (value: unknown) => string>>;
  /** What to do instead of wrong keys that people often try, where there is no text to paste. */
  readonly advice?: Readonly<Record<string, string>>;
  /** Cures for missing keys. */
  readonly adds?: Readonly<Record<string, Cure>>;
  /** The cure for a key that resembles no known key: the map where it probably belongs. */
  readonly hint?: string;
}

/** The entries of a map. The constructor reports each unknown key. */
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

  /** Returns the value of the key; undefined also when the value is empty, because an empty value has been reported already. */
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

  /** Like `get`, but reports a missing key. */
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
    const { of, keys, later = [], cures, advice, hint } = this.table;
    const instead = advice && Object.hasOwn(advice, entry.name) ? advice[entry.name] : undefined;
    const meant = cures && Object.hasOwn(cures, entry.name) ? cures[entry.name]?.(toValue(entry.value)) : undefined;
    const write = instead === undefined ? (meant ?? nearest(entry.name, [...keys, ...later])) : undefined;
    const otherwise = instead ?? `${hint === undefined ? '' : `${hint}; `}keys of ${of}: ${keys.join(', ')}`;
    this.report.error(
      entry.key,
      'FLOW_UNKNOWN_KEY',
      `"${entry.name}" is not a key of ${of}${lookAlikeNote(entry.name)}`,
      write === undefined ? { do: otherwise } : this.renaming(entry, write),
    );
  }

  /** Returns the cure of an unknown key: a key to write instead, or an entry to write instead of the whole entry. */
  private renaming({ key, value }: MapEntry, write: string): Cure {
    if (KEY.test(write)) return this.node.entries.some(({ name }) => name === write) ? { write } : replacing(key, write);
    // an entry with a placeholder, or without the value as it was written, is only an example
    const isComplete = value.kind === 'scalar' && write.includes(String(value.value)) && !write.includes('…');
    return isComplete && this.isBlock ? replacing({ start: key.start, end: value.end }, write) : { write };
  }

  /** True for a map that is written without braces. */
  private get isBlock(): boolean {
    return this.report.source.text[this.node.start] !== '{';
  }
}

/** Returns the fields of a node that must be a map; reports any other node. */
export function readFields(node: YamlNode, table: KeyTable, report: Report): Fields | undefined {
  if (node.kind === 'map') return new Fields(node, table, report);
  if (!(node.kind === 'scalar' && node.empty)) {
    report.error(node, 'FLOW_VALUE', `${table.of} is a map`, { do: `keys of ${table.of}: ${table.keys.join(', ')}` });
  }
  return undefined;
}

/**
 * Reports something that belongs to a later release.
 * @param what its name, as the subject of the message
 * @param instead the cure, where it cannot simply be left out
 */
export function reportLater(at: Span, what: string, report: Report, instead = 'leave it out until then'): void {
  report.error(at, 'FLOW_NOT_YET', `${what} comes with a later release`, { do: instead });
}
