import { describe, expect, it } from '@jest/globals';
import type { Link } from './link.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

interface Statement {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** A link to a database in which one message waits. `released`: ids of the rows that were released. */
function fakeLink() {
  const released: unknown[] = [];
  let waiting = ['1'];
  const query = async ({ name, values }: Statement) => {
    if (name === 'release') released.push(...(values[0] as string[]));
    if (name !== 'take') return { rows: [] };
    const rows = waiting.map((id) => ({ id, queue: 'in', deliveries: 1, headers: '{}', body: Buffer.alloc(0) }));
    waiting = [];
    return { rows };
  };
  return { link: { session: '1', take: { query }, drop: () => undefined } as unknown as Link, released };
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve();
}

describe('Reader', () => {
  it.each(Array.from({ length: 16 }, (_, count) => count))(
    'releases a delivery at once that is released after %i ticks',
    async (count) => {
      const { link, released } = fakeLink();
      const reader = new Reader(new Writer());
      reader.consume('in', { prefetch: 1 }, (delivery) => void ticks(count).then(() => delivery.release()));
      reader.attach(link);
      await ticks(64);
      expect(released).toEqual(['1']);
    },
  );
});
