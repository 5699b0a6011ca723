/** The refusal in an answer of a service that never raises an exception: it says `{ "Ошибка": "…" }`; an empty one means that there was none. */
export function refusalIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const refusal = (value as Record<string, unknown>)['Ошибка'];
  if (refusal === undefined || refusal === null || refusal === false || refusal === '') return undefined;
  if (typeof refusal === 'string') return refusal;
  return refusal === true ? JSON.stringify(value) : JSON.stringify(refusal);
}
