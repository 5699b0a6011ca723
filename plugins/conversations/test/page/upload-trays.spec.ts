import { describe, expect, it } from '@jest/globals';
import { ApiError, errorText } from '@sluice/web-ui';
import { UploadTrays } from '../../page/client/upload-trays.js';
import type { Attachment } from '../../page/model/shapes.js';
import { errors } from '../../page/texts.js';

const file = (name: string, bytes = 1) => new File([new Uint8Array(bytes)], name);

/** Trays whose uploads end when the test ends them. */
function trays(maxBytes = 100) {
  const running: { name: string; signal: AbortSignal; end: () => void }[] = [];
  const upload = (_: Blob, name: string, __: unknown, signal: AbortSignal) =>
    new Promise<Attachment>((resolve) => running.push({ name, signal, end: () => resolve({ id: name } as Attachment) }));
  const all = new UploadTrays({ upload }, maxBytes, (one) => Promise.resolve(one));
  return { all, running };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the files of the next messages', () => {
  it('stay with their discussion', async () => {
    const { all, running } = trays();
    all.add('a', [file('1')]);
    all.add('b', [file('2')]);
    await turn();
    running[0]?.end();
    await turn();
    expect(all.of('a').map(({ attachment }) => attachment?.id)).toEqual(['1']);
    expect(all.of('b').map(({ attachment }) => attachment?.id)).toEqual([undefined]);
    all.clear('a');
    expect(all.of('a')).toEqual([]);
    expect(all.of('b')).toHaveLength(1);
  });

  it('are sent three at a time, so that the server rejects none, and all are sent', async () => {
    const { all, running } = trays();
    expect(
      all.add(
        'a',
        ['1', '2', '3', '4', '5'].map((name) => file(name)),
      ),
    ).toBe(true);
    await turn();
    expect(running.map(({ name }) => name)).toEqual(['1', '2', '3']);
    all.remove('a', all.of('a')[3]?.key ?? '');
    for (let index = 0; index < 4; index++) {
      running[index]?.end();
      await turn();
    }
    expect(running.map(({ name }) => name)).toEqual(['1', '2', '3', '5']);
    expect(all.of('a').map(({ attachment }) => attachment?.id)).toEqual(['1', '2', '3', '5']);
  });

  it('are at most ten, and an upload is cut off when its file is removed', async () => {
    const { all, running } = trays();
    expect(
      all.add(
        'a',
        Array.from({ length: 11 }, (_, index) => file(String(index))),
      ),
    ).toBe(false);
    expect(all.of('a')).toHaveLength(10);
    await turn();
    all.remove('a', all.of('a')[0]?.key ?? '');
    expect(running[0]?.signal.aborted).toBe(true);
  });

  it('show a limit in words, whether the page or the server has found it', async () => {
    const { all, running } = trays(2 * 1024 * 1024);
    all.add('a', [file('big', 3 * 1024 * 1024)]);
    await turn();
    expect(running).toEqual([]);
    const [big] = all.of('a');
    expect(big?.isFinal).toBe(true);
    expect(big?.failure).toMatch(/(up to 2 MB|до 2 МБ)\.$/);
    const rejected = (status: number, code: string, body: object) =>
      errorText(new ApiError(status, code, 'english', 'english', { ...body }), errors);
    expect(rejected(413, 'CONVERSATIONS_LIMIT', { limit: 'size', max: 2 * 1024 * 1024 })).toBe(big?.failure);
    expect(rejected(400, 'CONVERSATIONS_INVALID', { limit: 'type' })).toMatch(/files of this type|этого вида/);
    expect(rejected(413, 'CONVERSATIONS_LIMIT', { limit: 'unknown' })).toMatch(/limit of the server|предел сервера/i);
  });
});
