/**
 * Returns the refusal in the answer of a service that raises no exceptions and answers `{ "Ошибка": "…" }` instead. Undefined if there is
 * none, or if it is empty.
 */
export function refusalIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const refusal = (value as Record<string, unknown>)['Ошибка'];
  if (refusal === undefined || refusal === null || refusal === false || refusal === '') return undefined;
  if (typeof refusal === 'string') return refusal;
  return refusal === true ? JSON.stringify(value) : JSON.stringify(refusal);
}
