import { IANAZone } from 'luxon';
import { z } from 'zod';

/** `connections.<name>.with` */
export const connection = z.strictObject({
  timezone: z
    .string()
    .refine((name) => IANAZone.isValidZone(name), 'an IANA name, such as Asia/Yekaterinburg')
    .optional()
    .describe('in which the page shows times, and times without an offset are read; settings.timezone when it is left out'),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'words joined by dots')
    .optional()
    .describe(
      'on which a flow tells of changes through a tcp-gateway: pages listen there. Left out, each page keeps a request waiting for the next change',
    ),
});

export type Config = z.output<typeof connection>;
