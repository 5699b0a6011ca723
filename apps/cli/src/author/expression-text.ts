import type { ExpressionTrial, MissingPath } from '@sluice/flow';
import { explainMissing } from '@sluice/flow';
import { jsonLines } from '../terminal/json-lines.js';
import { paint } from '../terminal/paint.js';

/** Maximum lines of a value in the dialogue. */
const MAX_LINES = 200;

/** Returns the outcome of an expression as text: its value, or why it has none and what to write. */
export function trialText(trial: ExpressionTrial, source: string, mask: (text: string) => string): string {
  const problems = trial.problems.map(({ severity, code, message, write, do: cure, start, end }) => {
    const mark = source.includes('\n')
      ? []
      : [`  ${source}`, `  ${' '.repeat(Math.max(0, start))}${'^'.repeat(Math.max(1, end - start))}`];
    const remedy = write === undefined ? cure && `do: ${cure}` : `write: ${write}`;
    const head = `${severity === 'error' ? paint.red(code) : paint.yellow(code)} ${message}`;
    return [head, ...mark, ...(remedy === undefined ? [] : [`  ${remedy}`])].join('\n');
  });
  return mask([...problems, ...outcomeLines(trial, mask)].join('\n'));
}

function outcomeLines(trial: ExpressionTrial, mask: (text: string) => string): readonly string[] {
  switch (trial.kind) {
    case 'value':
      return jsonLines(trial.value, MAX_LINES, mask);
    case 'omit':
      return ['$omit (a map or a list leaves the entry out)'];
    case 'missing':
      return trial.why.length === 0 ? [paint.yellow(trial.message)] : trial.why.flatMap(missingLines);
    case 'failed':
      return [`${paint.red(trial.code)} ${trial.message}`, `  ${trial.cure}`];
    case 'invalid':
      return [];
  }
}

function missingLines(missing: MissingPath): readonly string[] {
  const { near, write } = missing;
  return [
    paint.yellow(explainMissing(missing)),
    ...(near.length > 1 ? [`  similar names: ${near.join(', ')}`] : []),
    ...(write === undefined ? [] : [`  write: ${write}`]),
  ];
}
