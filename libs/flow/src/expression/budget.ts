import { overLimit } from './faults.js';
import { LIMITS } from './limits.js';

/** Units of work between two looks at the clock; a unit takes at most some 100 ns. */
const STRIDE = 4096;
/** Units of work before the first look, which starts the clock: most expressions end before. */
const FIRST_STRIDE = 256;
/** Characters of a text that count as one unit of work. */
const CHARACTERS_PER_UNIT = 16;

let unitsLeft: number = STRIDE;
let bytesLeft: number = LIMITS.builtBytes;
let startedAt: number | undefined;
let cpuAtStart: NodeJS.CpuUsage | undefined;

/** Begins the budget of one evaluation. Evaluations are synchronous, so one budget serves all. */
export function beginBudget(): void {
  unitsLeft = FIRST_STRIDE;
  bytesLeft = LIMITS.builtBytes;
  startedAt = undefined;
}

/** Starts the clock before work whose size is not known until it is done. */
export function startClock(): void {
  if (startedAt === undefined) checkClock();
}

/** Charges work on this many items, before it is done. Throws `EXPR_LIMIT` when the evaluation takes too long. */
export function spend(items: number): void {
  unitsLeft -= items;
  if (unitsLeft < 0) checkClock();
}

/** Charges work on a text of this many characters, before it is done. */
export function spendText(characters: number): void {
  spend(Math.ceil(characters / CHARACTERS_PER_UNIT));
}

/** Charges memory for what is about to be built. Throws `EXPR_LIMIT` when an evaluation builds too much. */
export function allocate(bytes: number): void {
  bytesLeft -= bytes;
  if (bytesLeft < 0) throw overLimit(`the expression builds more than ${LIMITS.builtBytes / 1024 / 1024} MiB of values`);
}

/** Charges a text that is about to be built: its work and its memory. */
export function allocateText(characters: number): void {
  spendText(characters);
  allocate(characters * 2);
}

/**
 * Throws `EXPR_LIMIT` when the evaluation takes too long. The wall clock also runs while the host is held up by others, so the processor
 * time of the process must have passed as well.
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
  if ((user + system) / 1000 > LIMITS.milliseconds) throw overLimit(`the expression takes longer than ${LIMITS.milliseconds} ms`);
}
