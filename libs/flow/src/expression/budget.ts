import type { Scope } from '../model.js';
import { overLimit } from './faults.js';
import { LIMITS } from './limits.js';

/** Units of work between two checks of the clock. A unit takes at most about 100 ns. */
const STRIDE = 4096;
/** Units of work before the first check, which starts the clock. Most expressions end before it. */
const FIRST_STRIDE = 256;
/** Characters of a text that count as one unit of work. */
const CHARACTERS_PER_UNIT = 16;

let unitsLeft: number = STRIDE;
let bytesLeft: number = LIMITS.builtBytes;
let startedAt: number | undefined;
let cpuAtStart: NodeJS.CpuUsage | undefined;

/** Number of expressions that have begun with the current budget, while a whole value is rendered; undefined outside of one. */
let sharing: number | undefined;

/** Resets the budget at the beginning of an evaluation; not its time while a whole value is rendered, whose expressions share the time. */
export function beginBudget(): void {
  bytesLeft = LIMITS.builtBytes;
  if (sharing === undefined) resetTime();
  else sharing += 1;
}

/**
 * Renders a value with one limit of time for all of its expressions: a list of a hundred expressions could otherwise block the host for a
 * hundred times the limit. Rendering is synchronous, so one budget is enough for the process.
 */
export function withSharedTime<Value>(render: (scope: Scope) => Value): (scope: Scope) => Value {
  return (scope) => {
    if (sharing !== undefined) return render(scope);
    resetTime();
    sharing = 0;
    try {
      return render(scope);
    } finally {
      sharing = undefined;
    }
  };
}

function resetTime(): void {
  unitsLeft = FIRST_STRIDE;
  startedAt = undefined;
}

/** Starts the clock, before work of unknown size. */
export function startClock(): void {
  if (startedAt === undefined) checkClock();
}

/** Charges work on this many items; called before the work. Throws `EXPR_LIMIT` when the evaluation takes too long. */
export function spend(items: number): void {
  unitsLeft -= items;
  if (unitsLeft < 0) checkClock();
}

/** Charges work on a text of this many characters; called before the work. */
export function spendText(characters: number): void {
  spend(Math.ceil(characters / CHARACTERS_PER_UNIT));
}

/** Charges memory for a value; called before the value is built. Throws `EXPR_LIMIT` when an evaluation builds too much. */
export function allocate(bytes: number): void {
  bytesLeft -= bytes;
  if (bytesLeft < 0) throw overLimit(`the expression builds more than ${LIMITS.builtBytes / 1024 / 1024} MiB of values`);
}

/** Charges work and memory for a text; called before the text is built. */
export function allocateText(characters: number): void {
  spendText(characters);
  allocate(characters * 2);
}

/**
 * Throws `EXPR_LIMIT` when the evaluation takes too long. The wall clock also advances while other processes delay the host, so the
 * processor time of this process must exceed the limit as well.
 */
export function checkClock(): void {
  unitsLeft = STRIDE;
  const now = performance.now();
  if (startedAt === undefined || cpuAtStart === undefined) {
    startedAt = now;
    cpuAtStart = process.cpuUsage();
    return;
  }
  if (now - startedAt <= LIMITS.milliseconds) return;
  const { user, system } = process.cpuUsage(cpuAtStart);
  if ((user + system) / 1000 <= LIMITS.milliseconds) return;
  const what = sharing !== undefined && sharing > 1 ? 'the expressions of one value take' : 'the expression takes';
  throw overLimit(`${what} longer than ${LIMITS.milliseconds} ms`);
}
