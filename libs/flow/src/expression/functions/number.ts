import { spendText } from '../budget.js';
import { badArgument } from '../faults.js';

const DECIMAL = /^-?(\d+)(?:\.(\d+))?([Ee][-+]?\d+)?$/;
const OTHER_RADIX = /^0(?:[xX][0-9A-Fa-f]+|[oO][0-7]+|[bB][01]+)$/;
/** Maximum characters of a text that is read as a number. */
const MAX_CHARACTERS = 400;
/** Significant digits that a JavaScript number always keeps. */
const KEPT_DIGITS = 15;

/**
 * `$number(value)`: converts a text, a number, true or false to a number.
 *
 * @throws `EXPR_FAILED` for a text that is not a number, and for a number that JavaScript would round: an integer above 2^53-1, or one
 * with too many digits
 */
export function numberOf(value: unknown): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') throw badArgument('$number takes a text, a number, true or false');
  spendText(value.length);
  if (value.length > MAX_CHARACTERS) throw badArgument(`$number takes a text of at most ${MAX_CHARACTERS} characters`);
  const match = DECIMAL.exec(value);
  if (!match && !OTHER_RADIX.test(value))
    throw badArgument('$number was given a text that is not a number', 'for "1 234,50" write $decimal(…)');
  const read = Number(value);
  if (!Number.isFinite(read)) throw badArgument('$number was given a number that is out of range');
  if ((match?.[3] === undefined && Number.isInteger(read) && !Number.isSafeInteger(read)) || (match && isRounded(match, read))) {
    throw badArgument('$number was given a number that would be rounded', 'keep it as a text');
  }
  return read;
}

function isRounded([, whole = '', fraction = '']: RegExpExecArray, read: number): boolean {
  const digits = (whole + fraction).replace(/^0+/, '').replace(/0{1,400}$/, '');
  return digits.length > KEPT_DIGITS && significant(read) !== digits;
}

/** Returns the digits of the shortest text that represents the number. */
function significant(read: number): string {
  const [mantissa = ''] = Math.abs(read).toExponential().split('e');
  return mantissa.replace('.', '').replace(/0{1,400}$/, '');
}
