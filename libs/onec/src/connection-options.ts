import { duration, secret } from '@sluice/plugin-api';
import { webOptions } from '@sluice/web-client';
import { z } from 'zod';

const DEFAULT_LANES = 10; // default poolSize of a publication

const sessions = z.strictObject({
  mode: z
    .enum(['auto', 'cookie', 'none'])
    .default('auto')
    .describe(
      '`cookie`: keeps sessions by IBSession. `none`: requests no session. `auto`: requests one, and works without it too',
    ),
  max: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'maximum number of sessions, and so of calls at once, whatever the pace allows: at most 0.7 of the pool of the publication; 1 for a file base. 10 in mode `cookie`',
    ),
  maxAge: duration()
    .prefault('20s')
    .describe('sessionMaxAge of the publication: a session that was idle for longer is not used again'),
});

const errorPattern = z.strictObject({
  contains: z.string().min(3).describe('a part of the text of the refusal; case does not matter'),
  fate: z.enum(['retry', 'overload', 'unavailable', 'rejected']).describe('the reaction of the engine'),
});

/**
 * Options with the same meaning for every connector to 1C. A schema includes them as `...onecOptions` and checks {@link userWithPassword}.
 */
export const onecOptions = {
  user: z.string().min(1).optional().describe('user of the base (Basic, in UTF-8: Cyrillic names work)'),
  password: secret().optional().describe('password of `user`; both or neither'),
  timeout: duration().prefault('60s').describe('maximum time of a whole call'),
  ...webOptions,
  sessions: sessions.prefault({}).describe('sessions of 1C that the connection keeps'),
  errors: z
    .array(errorPattern)
    .default([])
    .describe(
      "refusals of this base that need another reaction, such as `{ contains: 'Период закрыт', fate: unavailable }`; checked before the built-in table",
    ),
};

/** The parsed options, and the address below which all calls stay. */
export type OnecOptions = z.output<z.ZodObject<typeof onecOptions>> & { readonly baseUrl: string };
/** A text of 1C's refusals and the fate that the operator assigns to it. */
export type ErrorPattern = z.output<typeof errorPattern>;

/** Checks that `user` and `password` are both present or both absent. */
export const userWithPassword: z.core.CheckFn<Pick<OnecOptions, 'user' | 'password'>> = ({ value, issues }) => {
  if ((value.user === undefined) === (value.password === undefined)) return;
  issues.push({
    code: 'custom',
    message: '`user` and `password` belong together: set both or neither',
    input: value,
    path: ['password'],
  });
};

/** Returns the maximum number of sessions, and so of calls at once; undefined if there is no limit. */
export function lanes({ sessions: { max, mode } }: Pick<OnecOptions, 'sessions'>): number | undefined {
  return max ?? (mode === 'cookie' ? DEFAULT_LANES : undefined);
}
