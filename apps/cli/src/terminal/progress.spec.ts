import { describe, expect, it } from '@jest/globals';
import { progress } from './progress.js';

function shownFrom(terminal: boolean) {
  const written: string[] = [];
  let time = 0;
  const shown = progress({ write: (text) => written.push(text), total: 100, terminal, now: () => time });
  return { shown, written, at: (ms: number) => (time = ms) };
}

describe('progress', () => {
  it('writes one line per second without a terminal', () => {
    const { shown, written, at } = shownFrom(false);
    for (const ms of [0, 400, 1_000, 1_900, 2_000]) {
      at(ms);
      shown.show(ms / 100, `${ms}`);
    }
    expect(written).toEqual(['   1000\n', '   2000\n']);
  });

  it('always shows the last state', () => {
    const { shown, written } = shownFrom(false);
    shown.show(100, 'all');
    shown.end();
    expect(written).toEqual(['   all\n']);
  });

  it('moves a bar on a terminal', () => {
    const { shown, written } = shownFrom(true);
    shown.show(50, 'half');
    shown.end();
    expect(written).toEqual([`\r   ${'█'.repeat(20)}${'░'.repeat(20)}  half\u001B[K`, '\n']);
  });

  it('puts a note above the bar', () => {
    const { shown, written } = shownFrom(true);
    shown.note('the host was killed');
    expect(written).toEqual(['\r   the host was killed\u001B[K\n']);
  });
});
