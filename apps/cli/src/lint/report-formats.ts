import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FINDING_CODES, type Finding, type FindingCode, type SourceRange } from '@sluice/flow';
import { findingPage } from '../explain/finding-page.js';
import { VERSION } from '../version.js';
import type { SarifLog, SarifRegion, SarifResult, SarifRule } from './sarif.js';

/** Where the files of findings are. */
export interface FilePlace {
  /** The folder of the workspace. Files of findings are relative to it. */
  readonly workspace: string;
  /** The folder that the paths of a report are relative to: in CI the root of the repository. */
  readonly base: string;
}

/** Returns the path of a file from the base, with forward slashes; on Windows as a whole when it is on another drive. */
function pathOf(file: string, { workspace, base }: FilePlace): string {
  return path.relative(base, path.resolve(workspace, file)).split(path.sep).join('/');
}

/**
 * Returns the findings as annotations of GitHub Actions, one line each.
 * Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and `command.ts` of actions/toolkit (escapes).
 */
export function githubAnnotations(findings: readonly Finding[], place: FilePlace): string {
  return findings
    .map((finding) => {
      const { line, column, endColumn, code, severity } = finding;
      const properties = Object.entries({ file: pathOf(finding.file, place), line, col: column, endColumn, title: code })
        .map(([name, value]) => `${name}=${escapedProperty(String(value))}`)
        .join(',');
      return `::${severity} ${properties}::${escapedData(textOf(finding))}`;
    })
    .join('\n');
}

function escapedData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Returns the message with its cure, as one text. */
function textOf({ message, write, do: instruction }: Finding): string {
  if (write !== undefined) return `${message}\nwrite: ${write}`;
  return instruction === undefined ? message : `${message}\ndo: ${instruction}`;
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * Returns the findings as a log of SARIF 2.1.0. Its rules are the codes that occur, with help in English; its addresses are relative to the
 * base, because a code scanner reads the log on another machine.
 */
export function sarifLog(findings: readonly Finding[], place: FilePlace): SarifLog {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const indexOf = new Map(codes.map((code, index) => [code, index]));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Sluice', semanticVersion: VERSION, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, indexOf.get(finding.code) ?? -1, place)),
      },
    ],
  };
}

function ruleOf(code: FindingCode): SarifRule {
  const { severity, cause, cure } = FINDING_CODES[code];
  return {
    id: code,
    shortDescription: { text: sentence(cause) },
    fullDescription: { text: `${sentence(cause)} ${sentence(cure)}` },
    help: { text: findingPage(code, 'en'), markdown: findingPage(code, 'en', { markdown: true }) },
    defaultConfiguration: { level: severity === 'warning' ? 'warning' : 'error' },
  };
}

function sentence(text: string): string {
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function resultOf(finding: Finding, ruleIndex: number, place: FilePlace): SarifResult {
  const { code, severity, line, column, endColumn, fix } = finding;
  const artifactLocation = { uri: uriOf(pathOf(finding.file, place)) };
  const region = regionOf({ line, column, endLine: line, endColumn });
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: textOf(finding) },
    locations: [{ physicalLocation: { artifactLocation, region } }],
    ...(fix && {
      fixes: [
        {
          description: { text: finding.write ?? 'apply the correction' },
          artifactChanges: [
            {
              artifactLocation,
              replacements: fix.map(({ range, text }) => ({ deletedRegion: regionOf(range), insertedContent: { text } })),
            },
          ],
        },
      ],
    }),
  };
}

function regionOf({ line, column, endLine, endColumn }: SourceRange): SarifRegion {
  return { startLine: line, startColumn: column, endLine, endColumn };
}

/** Returns a relative reference; a path on another drive of Windows cannot be relative. */
function uriOf(file: string): string {
  return path.isAbsolute(file) ? pathToFileURL(file).href : file.split('/').map(encodeURIComponent).join('/');
}
