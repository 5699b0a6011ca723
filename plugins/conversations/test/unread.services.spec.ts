import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { text, TestConversations, type OpenedConversations, type TestPerson } from './open-conversations.js';

let test: TestConversations;
let host: OpenedConversations;
let people: TestPerson[];

beforeAll(async () => {
  test = await TestConversations.start();
  host = await test.host();
  people = [];
  for (const sub of ['anna', 'boris', 'clara']) people.push(await test.person(host, sub));
});

afterAll(() => test?.stop());

/** A message of the model. */
interface ModelMessage {
  readonly author: number;
  readonly recipients: readonly number[] | undefined;
  readonly mentions: number | undefined;
  isDeleted: boolean;
}

const who = fc.nat(2);
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('post' as const),
      by: who,
      to: fc.option(fc.uniqueArray(who, { minLength: 1 })),
      mention: fc.option(who),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), by: who, seq: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delivered' as const), by: who, seq: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), seq: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), seq: fc.integer({ min: 1, max: 12 }) }) },
);

it('counts unread messages as a plain model does, after every change', async () => {
  const { discussions, messages } = host.client;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 15 }), async (changes) => {
      const [anna] = people as [TestPerson];
      const wanted = { kind: 'group', title: 'Model', members: people.slice(1).map(({ person }) => person) } as const;
      const { id } = (await discussions.open(anna, wanted)).discussion;
      const log: ModelMessage[] = [];
      const read = [0, 0, 0];
      for (const one of changes) {
        if (one.do === 'post') {
          const by = people[one.by] as TestPerson;
          const recipients = one.to ?? undefined;
          const mention = one.mention ?? undefined;
          await messages.post(
            by,
            id,
            text('@someone', {
              ...(recipients && { recipients: recipients.map((to) => (people[to] as TestPerson).person) }),
              ...(mention !== undefined && {
                spans: [{ kind: 'mention' as const, from: 0, to: 8, person: (people[mention] as TestPerson).person }],
              }),
            }),
          );
          log.push({ author: one.by, recipients, mentions: mention, isDeleted: false });
        } else if (one.do === 'read' || one.do === 'delivered') {
          await messages[one.do](people[one.by] as TestPerson, [{ discussion: id, seq: one.seq }]);
          if (one.do === 'read') read[one.by] = Math.max(read[one.by] ?? 0, Math.min(one.seq, log.length));
        } else {
          const found = log[one.seq - 1];
          if (!found || found.isDeleted) continue;
          const author = people[found.author] as TestPerson;
          if (one.do === 'delete') {
            await messages.delete(author, id, one.seq);
            found.isDeleted = true;
          } else {
            const { version } = await messages.get(author, id, one.seq);
            await messages.edit(author, id, one.seq, { version, data: { edited: true } });
          }
        }
        for (const [index, person] of people.entries()) {
          const unread = log.filter(
            ({ author, recipients, isDeleted }, at) =>
              at >= (read[index] ?? 0) && author !== index && !isDeleted && (!recipients || recipients.includes(index)),
          );
          const shown = await discussions.get(person, id);
          expect({ unread: shown.unread, mentioned: shown.mentioned, readSeq: shown.readSeq }).toEqual({
            unread: unread.length,
            mentioned: unread.some(({ mentions }) => mentions === index),
            readSeq: read[index],
          });
        }
      }
      await discussions.change(anna, id, { isArchived: true });
    }),
    { numRuns: 25 },
  );
});
