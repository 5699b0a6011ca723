import { trigger, type Accept } from '@sluice/plugin-api';
import { z } from 'zod';
import { KINDS, message, uuid } from '../contract.js';
import type { Conversations } from '../conversations.js';
import { commandOf } from '../messages/content.js';
import { messageOf } from '../messages/message-rows.js';
import { botOptions } from './bots.js';
import { REASONS, type OutboxRow } from './outbox.js';

/** Maximum delay of an event when a message from another host is lost. */
const LOOK_AGAIN_MS = 1_000;
/** How often the flow confirms that it still listens. */
const SHOW_MS = 60_000;

const personView = z.object({
  id: uuid,
  name: z.string(),
  application: z.string().describe('issuer of the tokens of the person'),
  sub: z.string().describe('id of the user in 1C'),
  isBot: z.boolean(),
});

const output = z.object({
  reason: z.enum(REASONS),
  discussion: z.object({
    id: uuid,
    kind: z.enum(KINDS),
    key: z.string().optional(),
    title: z.string(),
    context: z.string().optional(),
  }),
  message,
  author: personView.describe('who wrote the message'),
  command: z.string().optional().describe('with the reason `command`: the word after the slash, in lower case'),
  rest: z.string().optional().describe('with the reason `command`: the text after the command'),
  pressed: z
    .object({ button: z.string(), action: z.string(), data: z.unknown().optional(), by: personView })
    .optional()
    .describe('with the reason `button`'),
});

export const messageTrigger = trigger({
  title: 'A message for a bot, or a button of it was pressed',
  options: z.strictObject({
    ...botOptions,
    on: z
      .array(z.enum(REASONS))
      .min(1)
      .default(['mention', 'command', 'button'])
      .describe(
        '`mention`: the text mentions the bot. `command`: the text begins with a slash and a word. `button`: somebody presses a button of a message of the bot. `any`: each message of a person or of another application. In discussions of which the bot is a member',
      ),
    commands: z
      .array(z.string().regex(/^[\p{Ll}\p{N}_]{1,50}$/u))
      .min(1)
      .max(100)
      .optional()
      .describe('the commands without the slash, in lower case. When absent: each command'),
  }),
  output,
  exclusive: true,
  async subscribe(conversations: Conversations, { bot, subscriber, on, commands }, accept, signal, flow) {
    const { outbox, notifier, clock } = conversations;
    const actor = await conversations.bots.get({ bot, subscriber });
    let shownAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (clock.monotonic() - shownAt > SHOW_MS) {
        await outbox.listen(flow, actor, on, commands);
        shownAt = clock.monotonic();
      }
      const { count: beats } = notifier;
      const rows = await outbox.next(flow, actor);
      if (rows.length === 0) await notifier.next(beats, LOOK_AGAIN_MS, signal);
      else await hand(rows, accept).then(() => outbox.drop(flow, actor, rows));
    }
  },
});

/** Passes several discussions at the same time, but the events of one discussion in order. Resolves when the broker has confirmed all. */
async function hand(rows: readonly OutboxRow[], accept: Accept<z.input<typeof output>>): Promise<void> {
  const byDiscussion = new Map<string, OutboxRow[]>();
  for (const row of rows) byDiscussion.set(row.discussion, [...(byDiscussion.get(row.discussion) ?? []), row]);
  const handed = [...byDiscussion].map(async ([subject, events]) => {
    for (const row of events) await accept({ id: row.event, subject, partitionkey: subject, data: eventOf(row) });
  });
  await Promise.all(handed);
}

function eventOf(row: OutboxRow): z.input<typeof output> {
  const { reason, discussion, kind, key, title, context, pressed } = row;
  const person = (id: string) =>
    row.people.find((one) => one.id === id) ?? { id, name: '', application: '', sub: '', isBot: false };
  const command = reason === 'command' ? commandOf(row.text) : undefined;
  return {
    reason,
    discussion: { id: discussion, kind, title, ...(key !== null && { key }), ...(context !== null && { context }) },
    message: messageOf(row),
    author: person(row.author),
    ...(command && { command: command.name, rest: command.rest }),
    ...(pressed && {
      pressed: {
        button: pressed.button,
        action: pressed.action,
        ...('data' in pressed && { data: pressed.data }),
        by: person(pressed.person),
      },
    }),
  };
}
