import type { RunItem } from '@sluice/admin-contract';
import { paint } from './paint.js';
import { outcomeText, waitText } from './story-lines.js';
import { headedTable } from './table.js';

const SECONDS_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length;

/** Returns a line for each run. Ids are complete, because `sluice find` needs all of an id. */
export function runsTable(runs: readonly RunItem[]): string {
  const rows = runs.map(({ at, run, flow, step, outcome, note, code, message, waits }) => [
    at.slice(0, SECONDS_LENGTH).replace('T', ' '),
    run,
    step === undefined ? flow : `${flow}/${step}`,
    outcomeText(outcome),
    note ?? '',
    waits ? waitText(waits) : code === undefined ? (message ?? '') : `${paint.red(code)} ${message ?? ''}`,
  ]);
  return headedTable(['AT', 'RUN', 'FLOW/STEP', 'OUTCOME', 'NOTE', 'BECAUSE'], rows);
}
