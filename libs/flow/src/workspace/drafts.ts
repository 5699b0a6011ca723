import type { CalendarWindow, PaceConfig, SourceLocation, Priority, Rate, Settings } from '../model.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';

/** sluice.yaml as written: its grammar has been checked; its plugins, expressions and environment variables not yet. */
export interface WorkspaceDraft {
  readonly plugins: readonly NamedLocation[];
  readonly vars?: MapNode;
  readonly settings: Settings;
  readonly issuers: readonly IssuerDraft[];
  readonly connections: readonly ConnectionDraft[];
}

export interface NamedLocation {
  readonly name: string;
  readonly location: SourceLocation;
}

export interface IssuerDraft {
  readonly name: string;
  readonly secrets: readonly ScalarNode[];
  readonly scopes: readonly string[];
  readonly events: readonly string[];
  readonly endpoints?: readonly string[];
  readonly topics: readonly string[];
  readonly extensions?: readonly string[];
  readonly groups?: readonly string[];
  readonly workplaces?: readonly string[];
  readonly maxTtlMs: number;
}

export interface ConnectionDraft {
  readonly name: string;
  readonly nameNode: ScalarNode;
  readonly use: ScalarNode;
  readonly plugin: string;
  readonly with?: MapNode;
  readonly pace?: PaceDraft;
}

/** The options that `pace` sets; the others default to the preset of the plugin, then to the defaults of the language. */
export interface PaceDraft {
  readonly concurrency: Partial<PaceConfig['concurrency']>;
  /** The node to report when `start` is above `max`. */
  readonly startNode?: YamlNode;
  readonly rate?: Rate;
  readonly latencyTargetMs?: number;
  readonly shares?: Readonly<Record<Priority, number>>;
  readonly breaker: Partial<PaceConfig['breaker']>;
  readonly crashGraceMs?: number;
  readonly calendar: readonly CalendarWindow[];
  readonly calendarNode?: YamlNode;
  readonly timezone?: string;
}
