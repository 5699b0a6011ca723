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

/** The group of expressions that share the current budget of time; undefined outside of a group. */
let group: { readonly step: string | undefined; expressions: number } | undefined;

/** Resets the budget at the beginning of an evaluation; not its time within a group, whose expressions share the time. */
export function beginBudget(): void {
  bytesLeft = LIMITS.builtBytes;
  if (group === undefined) resetTime();
  else group.expressions += 1;
}

/**
 * Runs synchronous work with one limit of time for all expressions that it evaluates: a step with a hundred conditions could otherwise
 * block the host for a hundred times the limit. Within another call, the limit of that call applies. An expression that is evaluated after
 * `work` has returned, such as after an `await`, is not part of it.
 *
 * @param step id of the step, for the message of `EXPR_LIMIT`; undefined for the expressions of one value
 */
export function withTimeBudget<Value>(step: string | undefined, work: () => Value): Value {
  if (group !== undefined) return work();
  resetTime();
  group = { step, expressions: 0 };
  try {
    return work();
  } finally {
    group = undefined;
  }
}

/** Returns a function that renders a value with one limit of time for all of its expressions. */
export function withSharedTime<Value>(render: (scope: Scope) => Value): (scope: Scope) => Value {
  return (scope) => (group === undefined ? withTimeBudget(undefined, () => render(scope)) : render(scope));
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
  throw overLimit(`${whatTakesTime()} longer than ${LIMITS.milliseconds} ms`);
}

function whatTakesTime(): string {
  if (group === undefined || group.expressions < 2) return 'the expression takes';
  return `the expressions of ${group.step === undefined ? 'one value' : `step ${group.step}`} take`;
}
