/** A value inside a text; undefined for what cannot stand there. Numbers as `$string` writes them: at most 15 significant digits. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  return undefined;
}

export function numberText(value: number): string {
  return JSON.stringify(Number.isInteger(value) ? value : Number(value.toPrecision(15)));
}
