import { describe, expect, it } from '@jest/globals';
import { readRoute, writeRoute } from '../../page/route.js';

describe('the address of the page', () => {
  it('names a discussion and a message', () => {
    expect(readRoute('?connection=talk&discussion=abc&message=12')).toEqual({ discussion: 'abc', seq: 12 });
    expect(readRoute('?discussion=abc&message=-1')).toEqual({ discussion: 'abc' });
    expect(readRoute('?message=12')).toEqual({});
  });

  it('names the document of a discussion, with a title that fits', () => {
    const query = new URLSearchParams({ key: ' Заказ/1 ', title: 'З'.repeat(300), context: 'e1cib/data/Заказ' });
    expect(readRoute(`?${query.toString()}`)).toEqual({
      contextual: { key: 'Заказ/1', title: 'З'.repeat(200), context: 'e1cib/data/Заказ' },
    });
    expect(readRoute('?key=&title=x')).toEqual({});
    expect(readRoute('?discussion=abc&key=x')).toEqual({ discussion: 'abc' });
  });

  it('replaces the document by its discussion, and keeps other parameters', () => {
    expect(writeRoute('?connection=talk&key=1&title=x&context=y', { discussion: 'abc' })).toBe('?connection=talk&discussion=abc');
    expect(writeRoute('?key=1', {})).toBe('');
  });
});
