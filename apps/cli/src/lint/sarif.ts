/**
 * The parts of SARIF 2.1.0 that this program writes.
 * Source: Static Analysis Results Interchange Format 2.1.0, OASIS Standard, section 3.
 */
export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly SarifRun[];
}

interface SarifRun {
  readonly tool: { readonly driver: SarifDriver };
  readonly columnKind: 'utf16CodeUnits';
  readonly results: readonly SarifResult[];
}

interface SarifDriver {
  readonly name: string;
  readonly semanticVersion: string;
  readonly rules: readonly SarifRule[];
}

export interface SarifRule {
  readonly id: string;
  readonly shortDescription: SarifText;
  readonly fullDescription: SarifText;
  readonly help: SarifText & { readonly markdown: string };
  readonly defaultConfiguration: { readonly level: 'warning' | 'error' };
}

interface SarifText {
  readonly text: string;
}

export interface SarifResult {
  readonly ruleId: string;
  /** Index of the rule in the rules of the driver. */
  readonly ruleIndex: number;
  readonly level: 'warning' | 'error';
  readonly message: SarifText;
  readonly locations: readonly [
    { readonly physicalLocation: { readonly artifactLocation: SarifAddress; readonly region: SarifRegion } },
  ];
  readonly fixes?: readonly SarifFix[];
}

interface SarifAddress {
  /** A reference that is relative to the root of the repository. */
  readonly uri: string;
}

/** A part of a file. Lines and columns are counted from 1; the end column is exclusive. */
export interface SarifRegion {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

interface SarifFix {
  readonly description: SarifText;
  readonly artifactChanges: readonly {
    readonly artifactLocation: SarifAddress;
    readonly replacements: readonly { readonly deletedRegion: SarifRegion; readonly insertedContent: SarifText }[];
  }[];
}
