import type { FindingCode } from '../codes.js';

/** An error or warning about an expression. Offsets are those of the parsed text. */
export interface ExpressionProblem {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly start: number;
  readonly end: number;
  /** Text to write instead. */
  readonly write?: string;
  /** An instruction, where there is no text to write. */
  readonly do?: string;
  /** The edits of the text that carry out `write`, where that is mechanical. */
  readonly edits?: readonly TextChange[];
}

/** One replacement, by offsets. An empty range inserts. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Returns the problem, with each of its offsets moved. */
export function shifted(problem: ExpressionProblem, by: number): ExpressionProblem {
  return {
    ...problem,
    start: problem.start + by,
    end: problem.end + by,
    ...(problem.edits && { edits: problem.edits.map(({ start, end, text }) => ({ start: start + by, end: end + by, text })) }),
  };
}
