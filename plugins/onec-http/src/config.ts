import { duration, secret } from '@sluice/plugin-api';
import { baseUrl, webOptions } from '@sluice/web-client';
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

/** `connections.<name>.with` */
export const connection = z
  .strictObject({
    baseUrl: baseUrl().describe('address of the HTTP service, such as http://server/base/hs/gate'),
    user: z.string().min(1).optional().describe('user of the base; Cyrillic letters are fine'),
    password: secret().optional(),
    timeout: duration().prefault('60s').describe('for a whole call'),
    ...webOptions,
    sessions: sessions.prefault({}),
    style: z
      .enum(['post', 'query'])
      .default('post')
      .describe(
        '`post`: POST <baseUrl>/v1 with { method, data }. `query`: GET <baseUrl>/v1?method=…&data=…, as older services have it',
      ),
    errors: z
      .array(errorPattern)
      .default([])
      .describe('refusals of this base that are to be treated in another way; asked before the built-in table'),
  })
  .refine((config) => (config.user === undefined) === (config.password === undefined), {
    error: '`user` and `password` go together',
    path: ['password'],
  });

export type Config = z.output<typeof connection>;
export type ErrorPattern = z.output<typeof errorPattern>;

/** How many sessions, and so calls at once. */
export function lanes(config: Config): number | undefined {
  return config.sessions.max ?? (config.sessions.mode === 'cookie' ? DEFAULT_LANES : undefined);
}
