import { action, raceAbort, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import { newMessage, seq, uuid, personName } from '../contract.js';
import type { Conversations } from '../conversations.js';
import { conversationsFail, databaseLate } from '../failures.js';
import { botOptions } from './bots.js';
import { peopleOf } from '../people/people-of.js';

const { text, spans, data, buttons, replyTo, link } = newMessage.shape;

const input = z.strictObject({
  ...botOptions,
  discussion: uuid.describe('the bot becomes a member of it'),
  text: text.describe('text of the message'),
  spans: spans.describe('parts of the text that are bold, links, mentions, …'),
  data: data.describe('any value for programs'),
  buttons: buttons.describe('rows of buttons below the text'),
  recipients: z
    .array(personName)
    .min(1)
    .max(1_000)
    .optional()
    .describe('only these members see the message. When absent: all members'),
  replyTo: replyTo.describe('`seq` of the message that this one answers'),
  link: link.describe('navigation link to an object of 1C'),
  waitFor: z
    .enum(['sent', 'button'])
    .default('sent')
    .describe('`button`: the run waits until somebody presses a button of the message. The step needs a timeout'),
});

export const post = action({
  title: 'Post a message in the name of a bot',
  input,
  output: z.object({
    discussion: uuid,
    seq,
    id: uuid,
    button: z
      .string()
      .optional()
      .describe('with `waitFor: button`: the id of the button, its action and data, and who pressed it'),
    action: z.string().optional(),
    data: z.unknown().optional(),
    person: uuid.optional(),
  }),
  idempotent: 'by-key',
  run: (conversations: Conversations, wanted, call) => raceAbort(postAs(conversations, wanted, call), call.signal, databaseLate),
});

async function postAs(
  conversations: Conversations,
  { bot, subscriber, discussion, recipients, waitFor, ...message }: z.output<typeof input>,
  call: Call,
): Promise<{ discussion: string; seq: number; id: string }> {
  const { bots, discussions, messages, tables } = conversations;
  if (waitFor === 'button' && !message.buttons?.flat().some((one) => one.action !== undefined && one.enabled))
    throw conversationsFail.CONVERSATIONS_INVALID('the run would wait without end: the message has no button with an action', {
      sent: 'no',
    });
  const actor = await bots.get({ bot, subscriber });
  await discussions.enter(actor, discussion);
  const people = recipients && (await peopleOf(tables, actor, recipients));
  const { message: posted } = await messages.post(actor, discussion, {
    ...message,
    ...(people && { recipients: people }),
    attachments: [],
    clientId: call.id,
  });
  if (waitFor === 'button') {
    if (!call.suspend) throw conversationsFail.CONVERSATIONS_INVALID('a paced call cannot wait for a button', { sent: 'no' });
    await messages.wait(actor, discussion, posted.seq, call.suspend(), call.deadline);
  }
  return { discussion, seq: posted.seq, id: posted.id };
}
