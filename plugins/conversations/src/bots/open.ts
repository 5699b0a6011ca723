import { action, derivedId, raceAbort, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import { KINDS, newDiscussion, uuid, personName } from '../contract.js';
import type { Conversations } from '../conversations.js';
import { databaseLate } from '../failures.js';
import { botOptions } from './bots.js';
import { peopleOf } from '../people/people-of.js';

export const open = action({
  title: 'Open a discussion: create it, or find the one with the same key or of the same pair',
  input: z.strictObject({
    ...botOptions,
    kind: z.enum(KINDS).default('contextual').describe('`contextual`: about an object of 1C. `channel`: hidden, for data'),
    key: newDiscussion.shape.key,
    title: newDiscussion.shape.title.describe('of a new discussion'),
    context: newDiscussion.shape.context.describe('of a new discussion: navigation link to the object of 1C'),
    members: z
      .array(personName)
      .max(1_000)
      .default([])
      .describe('members beside the bot; people who are members stay as they are'),
  }),
  output: z.object({ discussion: uuid, created: z.boolean(), lastSeq: z.number() }),
  // the key, the pair, and for other discussions the id that is derived from the call recognise a repetition
  idempotent: 'yes',
  run: (conversations: Conversations, input, call) => raceAbort(openAs(conversations, input, call), call.signal, databaseLate),
});

interface OpenInput {
  readonly bot: string;
  readonly subscriber: string;
  readonly kind: (typeof KINDS)[number];
  readonly key?: string | undefined;
  readonly title: string;
  readonly context?: string | undefined;
  readonly members: readonly string[];
}

async function openAs(
  { bots, tables, discussions }: Conversations,
  { bot, subscriber, members, ...wanted }: OpenInput,
  { id }: Call,
): Promise<{ discussion: string; created: boolean; lastSeq: number }> {
  const actor = await bots.get({ bot, subscriber });
  const people = await peopleOf(tables, actor, members);
  const [run = '', ...step] = id.split('/');
  const opened = await discussions.open(actor, { ...wanted, members: people }, derivedId(run, ...step));
  const { discussion, created } = opened;
  // those of a discussion that existed before
  if (!created && discussion.kind !== 'direct' && people.length > 0) await discussions.invite(actor, discussion.id, people);
  return { discussion: discussion.id, created, lastSeq: discussion.lastSeq };
}
