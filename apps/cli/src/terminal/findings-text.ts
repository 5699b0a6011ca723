import { formatFindings, type Finding } from '@sluice/flow';
import { oneLine } from './paint.js';

/** Returns findings as text. Each message stays on one line, because it may quote text of a remote system. */
export function findingsText(findings: readonly Finding[]): string {
  return formatFindings(findings.map((finding) => ({ ...finding, message: oneLine(finding.message) })));
}
