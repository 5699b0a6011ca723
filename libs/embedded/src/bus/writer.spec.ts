import { describe, expect, it } from '@jest/globals';
import type { Link } from './link.js';
import { Writer } from './writer.js';

const event = {
  queue: 'in',
  message: { attributes: { id: 'e', source: '/test', type: 'order', time: '' }, body: Buffer.alloc(0) },
};

/** A link to a database that answers when the test calls `answers`. */
function silentLink() {
  let answer: (result: { rows: object[] }) => void = () => undefined;
  const query = () => new Promise<{ rows: object[] }>((resolve) => (answer = resolve));
  const link = { session: '1', write: { query }, drop: () => undefined } as unknown as Link;
  return { link, answers: (done: readonly number[]) => answer({ rows: [{ done, refused: [] }] }) };
}

describe('Writer', () => {
  it('rejects a publisher after its timeout, also if the database does not answer', async () => {
    const { link } = silentLink();
    const writer = new Writer();
    writer.attach(link);
    await expect(writer.publish([event], 10)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('resolves when the database has confirmed', async () => {
    const { link, answers } = silentLink();
    const writer = new Writer();
    writer.attach(link);
    const published = writer.publish([event], 10_000);
    await Promise.resolve();
    answers([1]);
    await expect(published).resolves.toBeUndefined();
  });
});
