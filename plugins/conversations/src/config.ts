import { duration, size } from '@sluice/plugin-api';
import { z } from 'zod';

/** `connections.<name>.with` */
export const connection = z.strictObject({
  gateway: z
    .string()
    .optional()
    .describe('connection of a tcp-gateway over which clients receive live events. Needed only when there are several'),
  attachments: z
    .strictObject({
      maxSize: size().prefault('25MiB').describe('maximum size of one file'),
      maxTotal: size().prefault('10GiB').describe('maximum size of all files of one subscriber'),
      types: z
        .array(z.string().regex(/^([a-z0-9.+-]+|\*)\/([a-z0-9.+-]+|\*)$/))
        .min(1)
        .max(100)
        .default(['*/*'])
        .describe('media types that may be attached, such as `image/*`'),
      folder: z.string().optional().describe('folder that all hosts share. When absent, the files are in PostgreSQL'),
    })
    .prefault({})
    .describe('files that people attach to messages'),
  keepSent: duration().prefault('30d').describe('how long a repeated post is recognised by its clientId'),
});

export type Config = z.output<typeof connection>;
