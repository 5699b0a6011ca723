import { formatFindings, type Finding } from '@sluice/flow';
import { oneLine } from './paint.js';

/** Returns findings for people. A message may quote a foreign description: it stays one line. */
export function findingsText(findings: readonly Finding[]): string {
  return formatFindings(findings.map((finding) => ({ ...finding, message: oneLine(finding.message) })));
}
