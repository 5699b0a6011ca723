const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/**
 * Returns a number as `xs:decimal`, which has no exponent; returns a numeric string unchanged. Returns undefined for any other value, and
 * for an integer beyond 2^53−1, because JavaScript may have rounded it already.
 */
export function writeDecimal(value: unknown): string | undefined {
  if (typeof value === 'string') return DECIMAL.test(value) ? value : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  return withoutExponent(String(value));
}

/** Returns a decimal as a number where JavaScript can represent it exactly, otherwise as a string. */
export function readDecimal(text: string): number | string {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) return text;
  const number = Number(trimmed);
  if (withoutExponent(String(number)) !== canonical(trimmed)) return trimmed;
  return number === 0 ? 0 : number; // JSON has no -0
}

/** Removes a plus sign, leading zeros and trailing zeros of the fraction. */
function canonical(decimal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)0*(\d*)\.?(\d*?)0*$/.exec(decimal) ?? [];
  const digits = `${whole || '0'}${fraction && `.${fraction}`}`;
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** Converts `1e-7` to `0.0000001`. */
function withoutExponent(written: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(written) ?? [];
  if (exponent === undefined) return written;
  const shift = Number(exponent);
  const digits = whole + fraction;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
  return sign + digits.padEnd(shift + 1, '0');
}
