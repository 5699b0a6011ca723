import type { z } from 'zod';

export type ValidationResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: string };

/** Validates a value. Returns the value as the schema has parsed it, or all its problems in one line. */
export function validate(schema: z.ZodType, value: unknown): ValidationResult {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues
      .map((issue) => `${issue.path.map(String).join('.') || 'the whole value'}: ${issue.message}`)
      .join('; '),
  };
}
