import { action, raceAbort } from '@sluice/plugin-api';
import { z } from 'zod';
import { newDiscussion, seq, uuid, personName } from '../contract.js';
import type { Conversations } from '../conversations.js';
import type { Actor } from '../discussions/discussions.js';
import { databaseLate } from '../failures.js';
import { botOptions, type BotName } from './bots.js';
import { peopleOf } from '../people/people-of.js';

const target = { ...botOptions, discussion: uuid.describe('the bot becomes a member of it') };
const output = z.object({ discussion: uuid });

/** Returns the bot, which is a member of the discussion then. */
async function enter({ bots, discussions }: Conversations, name: BotName, discussion: string): Promise<Actor> {
  const actor = await bots.get(name);
  await discussions.enter(actor, discussion);
  return actor;
}

export const invite = action({
  title: 'Add people to a discussion',
  input: z.strictObject({
    ...target,
    people: z.array(personName).min(1).max(1_000).describe('people who are members stay as they are'),
  }),
  output,
  idempotent: 'yes',
  run: (conversations: Conversations, { discussion, people, ...name }, { signal }) =>
    raceAbort(
      (async () => {
        const actor = await enter(conversations, name, discussion);
        await conversations.discussions.invite(actor, discussion, await peopleOf(conversations.tables, actor, people));
        return { discussion };
      })(),
      signal,
      databaseLate,
    ),
});

export const setTitle = action({
  title: 'Change the title of a discussion',
  input: z.strictObject({ ...target, title: newDiscussion.shape.title.unwrap().describe('the new title') }),
  output,
  idempotent: 'yes',
  run: (conversations: Conversations, { discussion, title, ...name }, { signal }) =>
    raceAbort(
      (async () => {
        await conversations.discussions.change(await enter(conversations, name, discussion), discussion, { title });
        return { discussion };
      })(),
      signal,
      databaseLate,
    ),
});

export const markRead = action({
  title: 'Mark messages as read by the bot, so that their authors see it',
  input: z.strictObject({ ...target, seq: seq.describe('messages up to this one') }),
  output,
  idempotent: 'yes',
  run: (conversations: Conversations, { discussion, seq, ...name }, { signal }) =>
    raceAbort(
      (async () => {
        await conversations.messages.read(await enter(conversations, name, discussion), [{ discussion, seq }]);
        return { discussion };
      })(),
      signal,
      databaseLate,
    ),
});
