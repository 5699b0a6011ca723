/** Converts a value to a part of a text; returns undefined for other types. Numbers have at most 15 significant digits, as in `$string`. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  return undefined;
}

export function numberText(value: number): string {
  return JSON.stringify(Number.isInteger(value) ? value : Number(value.toPrecision(15)));
}
