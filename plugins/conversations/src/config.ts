import { duration, size } from '@sluice/plugin-api';
import { z } from 'zod';

/** How often somebody may post, on each host. */
const limits = (postsPerSecond: number, burst: number, discussionsPerHour: number) =>
  z
    .strictObject({
      postsPerSecond: z.int().min(1).max(100_000).default(postsPerSecond).describe('messages in a second, over a longer time'),
      burst: z.int().min(1).max(1_000_000).default(burst).describe('messages at once after a pause'),
      discussionsPerHour: z.int().min(1).max(10_000_000).default(discussionsPerHour).describe('new discussions in an hour'),
    })
    .prefault({});

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
  registration: z
    .strictObject({
      smtp: z
        .url({ protocol: /^smtps?$/ })
        .describe('address of the mail server, such as smtps://user:password@mail.firma.ru. Write it as a secret'),
      from: z.email().describe('sender of the mails'),
      perHour: z.int().min(1).max(10_000).default(30).describe('maximum number of mails in an hour, of all addresses'),
    })
    .optional()
    .describe(
      'organisations register themselves with a code that they receive by mail. When absent, only operators register them',
    ),
  limits: z
    .strictObject({
      person: limits(20, 500, 1_000).describe('of each person. Server code and bots of flows have no such limit'),
      application: limits(1_000, 10_000, 100_000).describe('of each application, all of its people and its server code together'),
    })
    .prefault({})
    .describe('how often people and applications may post, on each host. A request beyond is answered 429 with Retry-After'),
  keepSent: duration().prefault('30d').describe('how long a repeated post is recognised by its clientId'),
});

export type Config = z.output<typeof connection>;
