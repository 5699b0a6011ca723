import { trigger } from '@sluice/plugin-api';
import { z } from 'zod';
import type { AmiClient } from './client.js';
import { timeOf, untilStopped } from './listening.js';
import { knownText, textOf } from './packet.js';

const eventName = z.string().regex(/^(\*|[A-Za-z0-9]+)$/, 'the name of an event such as DialBegin, or *');
const variableName = z.string().regex(/^[\w().-]+$/, 'the name of a channel variable');

/** Events of the exchange as they come. */
export const event = trigger({
  title: 'An event of Asterisk',
  source: 'live',
  exclusive: true,
  options: z.strictObject({
    events: z.array(eventName).min(1).describe('names of events, as Asterisk writes them; `*`: all'),
    variables: z
      .array(variableName)
      .min(1)
      .optional()
      .describe('of VarSet only these channel variables, without `_` before them'),
    match: z
      .record(z.string().regex(/^[\w-]+$/), z.string())
      .optional()
      .describe('only events whose fields hold these texts; `*` stands for any characters'),
  }),
  // which fields there are is the exchange's business, and differs from version to version
  output: z.record(z.string(), z.unknown()),
  async subscribe(client: AmiClient, options, accept, signal) {
    const { host } = client;
    const end = await client.listen(options, {
      hear: (packet) => {
        const call = knownText(packet, 'Linkedid') ?? knownText(packet, 'DestLinkedid');
        accept({
          data: packet,
          time: timeOf(packet, host),
          ...(call !== undefined && { subject: call, partitionkey: call }),
        }).catch((error: unknown) =>
          host.log.error(`an event ${textOf(packet, 'Event')} was not kept`, { error: String(error) }),
        );
      },
    });
    try {
      await untilStopped(client, signal);
    } finally {
      end();
    }
  },
});
