import type { z } from 'zod';

export type CheckResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: string };

/** Returns the value as the schema parsed it, or all its problems in one line. */
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
