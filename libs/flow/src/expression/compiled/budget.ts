import { overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';

/** Items between two looks at the clock. */
const STRIDE = 4096;

let left: number = STRIDE;
let began: number | undefined;

/** Begins to count anew: closures run one evaluation at a time, so one counter serves all. */
export function beginBudget(): void {
  left = STRIDE;
  began = undefined;
}

/** Counts items that are looked at. Throws `EXPR_LIMIT` when the evaluation takes too long. */
export function spend(items: number): void {
  left -= items;
  if (left < 0) lookAtClock();
}

function lookAtClock(): void {
  left = STRIDE;
  const now = performance.now();
  began ??= now;
  if (now - began > LIMITS.milliseconds) throw overLimit(`the expression takes longer than ${LIMITS.milliseconds} ms`);
}
