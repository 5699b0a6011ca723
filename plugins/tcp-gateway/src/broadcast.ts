import { action, duration } from '@sluice/plugin-api';
import { z } from 'zod';
import { contentOf } from './delivery/dispatch/event-content.js';
import type { Gateway } from './gateway.js';
import { eventFor, eventType } from './send.js';

export const broadcast = action({
  title: 'Send an event to all subscribers of a topic',
  input: z.strictObject({
    topic: eventType.describe('clients subscribe to /topic/<name>'),
    event: eventType.describe('header `event` of the message'),
    data: z.unknown().optional().describe('its body, as JSON'),
    spread: duration()
      .optional()
      .describe(
        'the receivers receive it one after another within this time, because each pop-up makes a 1C client send requests to its server',
      ),
  }),
  output: z.object({ id: z.string() }),
  idempotent: 'by-key',
  async run(gateway: Gateway, { topic, event, data, spread = 0 }, call) {
    const content = contentOf(eventFor(call, event, data));
    gateway.dispatcher.broadcast({ to: { topic }, content, spreadMs: spread });
    return { id: content.id };
  },
});
