import type { z } from 'zod';

export type CheckResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: string };

/** The value as the schema gives it, or all that is wrong with it in one line. */
export function checkAgainst(schema: z.ZodType, value: unknown): CheckResult {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues
      .map((issue) => `${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`)
      .join('; '),
  };
}
