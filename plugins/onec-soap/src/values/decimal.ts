const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/**
 * A number in the digits of `xs:decimal`, which knows no exponent; a text is taken as it is. Undefined when it is no number, and for an
 * integer past 2^53−1: JavaScript has rounded it already, without a word.
 */
export function writeDecimal(value: unknown): string | undefined {
  if (typeof value === 'string') return DECIMAL.test(value) ? value : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  return withoutExponent(String(value));
}

/** A decimal as a number where JavaScript holds exactly this one, else as the text that it is. */
export function readDecimal(text: string): number | string {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) return text;
  const number = Number(trimmed);
  if (withoutExponent(String(number)) !== canonical(trimmed)) return trimmed;
  return number === 0 ? 0 : number; // JSON knows no -0
}

/** Without a plus, without zeros at either end. */
function canonical(decimal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)0*(\d*)\.?(\d*?)0*$/.exec(decimal) ?? [];
  const digits = `${whole || '0'}${fraction && `.${fraction}`}`;
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** `1e-7` as `0.0000001`. */
function withoutExponent(written: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(written) ?? [];
  if (exponent === undefined) return written;
  const shift = Number(exponent);
  const digits = whole + fraction;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
  return sign + digits.padEnd(shift + 1, '0');
}
