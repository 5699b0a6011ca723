import type { Report } from '../report.js';

/** Maximum levels of nesting in a file: its readers are recursive. Blocks that nest 32 deep take about a hundred. */
export const MAX_LEVELS = 200;

/** Reports a file that nests too deep, at this offset. */
export function reportDepth(report: Report, offset: number): void {
  report.error({ start: offset, end: offset + 1 }, 'YAML_DEPTH', `the file nests more than ${MAX_LEVELS} levels`, {
    do: 'keep large data out of the file, or divide it into steps and flows',
  });
}
