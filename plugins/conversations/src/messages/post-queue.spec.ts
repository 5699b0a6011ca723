import { describe, expect, it } from '@jest/globals';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import type { PostedRow } from './message-statements.js';
import { PostQueue } from './post-queue.js';

interface Call {
  readonly texts: readonly string[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** A queue whose statements are answered by the test. */
function openQueue() {
  const calls: Call[] = [];
  const rows = (_: unknown, json: string) => {
    const posts = JSON.parse(json) as (PostedRow & { readonly no: number })[];
    return new Promise((resolve, reject) =>
      calls.push({
        texts: posts.map(({ text }) => text),
        answer: () => resolve(posts.map(({ no }) => ({ no, outcome: 'posted' }))),
        fail: reject,
      }),
    );
  };
  return { calls, queue: new PostQueue({ of: () => ({ rows }) } as unknown as Tables) };
}

let ids = 0;
const row = (discussion: string, text: string, more: Partial<PostedRow> = {}): PostedRow => {
  const id = String(ids++);
  return { discussion, author: 'anna', client_id: id, id, text, ...more };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue of posts', () => {
  it('posts what waits in one statement, and a discussion in one statement at a time', async () => {
    const { calls, queue } = openQueue();
    const posts = ['a1', 'b1', 'a2'].map((text) => queue.post('main', row(text.charAt(0), text), 'words'));
    await turn();
    posts.push(...['a3', 'c1'].map((text) => queue.post('main', row(text.charAt(0), text), 'words')));
    await turn();
    expect(calls.map(({ texts }) => texts)).toEqual([['a1', 'a2', 'b1'], ['c1']]);
    calls[0]?.answer();
    calls[1]?.answer();
    await turn();
    await turn();
    expect(calls[2]?.texts).toEqual(['a3']);
    calls[2]?.answer();
    expect(await Promise.all(posts)).toHaveLength(5);
  });

  it('posts a message with attachments alone, and repeats of one post one after another', async () => {
    const { calls, queue } = openQueue();
    const twice = row('a', 'twice');
    const posts = [twice, twice, row('b', 'files', { attachments: ['file'] })].map((one) => queue.post('main', one, 'words'));
    for (let count = 0; count < 3; count++) {
      await turn();
      await turn();
      for (const call of calls.slice(count)) call.answer();
    }
    await Promise.all(posts);
    expect(calls.map(({ texts }) => texts).sort()).toEqual([['files'], ['twice'], ['twice']]);
  });

  it('keeps the order of a discussion while the words of a message are looked up, and posts other discussions', async () => {
    const { calls, queue } = openQueue();
    let found: (words: string) => void = () => undefined;
    const words = new Promise<string>((resolve) => (found = resolve));
    void queue.post('main', row('a', 'a1'), words);
    void queue.post('main', row('a', 'a2'), 'words');
    void queue.post('main', row('b', 'b1'), 'words');
    await turn();
    expect(calls.map(({ texts }) => texts)).toEqual([['b1']]);
    found('words');
    await turn();
    await turn();
    expect(calls.at(-1)?.texts).toEqual(['a1', 'a2']);
  });

  it('rejects a post whose words cannot be looked up, and posts the next one', async () => {
    const { calls, queue } = openQueue();
    const first = queue.post('main', row('a', 'a1'), Promise.reject(new Error('away')));
    void queue.post('main', row('a', 'a2'), 'words');
    await expect(first).rejects.toThrow('away');
    await turn();
    expect(calls.map(({ texts }) => texts)).toEqual([['a2']]);
  });

  it('posts each message alone when PostgreSQL has refused them together', async () => {
    const { calls, queue } = openQueue();
    const posts = ['good', 'bad', 'fine'].map((text) => queue.post('main', row(text, text), 'words'));
    const settled = Promise.allSettled(posts);
    await turn();
    const refusal = conversationsFail.CONVERSATIONS_INVALID('bad data');
    for (let count = 0; count < 4; count++) {
      const { texts = [], answer, fail } = calls[count] as Call;
      if (texts.includes('bad')) fail(refusal);
      else answer();
      await turn();
    }
    expect(calls.map(({ texts }) => texts)).toEqual([['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']]);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('refuses posts when too many wait for a discussion', async () => {
    const { queue } = openQueue();
    for (let count = 0; count < 1_000; count++) void queue.post('main', row('a', 'text'), 'words');
    await expect(queue.post('main', row('a', 'text'), 'words')).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
