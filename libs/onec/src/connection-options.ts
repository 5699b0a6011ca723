import { duration, secret } from '@sluice/plugin-api';
import { webOptions } from '@sluice/web-client';
import { z } from 'zod';

const DEFAULT_LANES = 10; // poolSize of a publication that says nothing else

const sessions = z.strictObject({
  mode: z
    .enum(['auto', 'cookie', 'none'])
    .default('auto')
    .describe(
      '`cookie`: keeps sessions by IBSession. `none`: never asks for one. `auto`: asks, and goes on without where the publication ignores it',
    ),
  max: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'sessions at most, and so calls at once: at most 0.7 of the pool of the publication; 1 for a file base. In mode `cookie` 10 when absent',
    ),
  maxAge: duration()
    .prefault('20s')
    .describe('sessionMaxAge of the publication: a session that was idle longer is not used again'),
});

const errorPattern = z.strictObject({
  contains: z.string().min(3).describe('a part of the text with which 1C refuses; case does not matter'),
  fate: z.enum(['retry', 'overload', 'unavailable', 'rejected']).describe('what is to follow'),
});

/** The options that mean the same to every connector to 1C; its schema takes them in with `...onecOptions` and checks {@link userWithPassword}. */
export const onecOptions = {
  user: z.string().min(1).optional().describe('user of the base; Cyrillic letters are fine'),
  password: secret().optional(),
  timeout: duration().prefault('60s').describe('for a whole call'),
  ...webOptions,
  sessions: sessions.prefault({}),
  errors: z
    .array(errorPattern)
    .default([])
    .describe('refusals of this base that are to be treated in another way; asked before the built-in table'),
};

/** What those options come to, with the address below which all calls stay. */
export type OnecOptions = z.output<z.ZodObject<typeof onecOptions>> & { readonly baseUrl: string };
export type ErrorPattern = z.output<typeof errorPattern>;

/** One without the other is a mistake. */
export const userWithPassword: z.core.CheckFn<Pick<OnecOptions, 'user' | 'password'>> = ({ value, issues }) => {
  if ((value.user === undefined) === (value.password === undefined)) return;
  issues.push({ code: 'custom', message: '`user` and `password` go together', input: value, path: ['password'] });
};

/** How many sessions, and so calls at once. */
export function lanes({ sessions: { max, mode } }: Pick<OnecOptions, 'sessions'>): number | undefined {
  return max ?? (mode === 'cookie' ? DEFAULT_LANES : undefined);
}
