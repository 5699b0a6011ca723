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
}
