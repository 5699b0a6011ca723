/** Characters before the first match that are shown. */
const BEFORE = 30;
const MAX_CHARS = 160;

export interface Snippet {
  readonly text: string;
  readonly highlights: readonly { from: number; to: number }[];
}

/** Returns the part of a found text around its first match, in one line. */
export function snippetOf(text: string, highlights: readonly { from: number; to: number }[]): Snippet {
  const first = highlights[0]?.from ?? 0;
  const cut = first > BEFORE ? text.indexOf(' ', first - BEFORE) + 1 : 0;
  const start = cut > 0 && cut <= first ? cut : Math.max(0, Math.min(first, cut > first ? first - BEFORE : cut));
  const prefix = start > 0 ? '…' : '';
  const shift = prefix.length - start;
  return {
    text: prefix + text.slice(start, start + MAX_CHARS).replace(/\s/g, ' '),
    highlights: highlights
      .filter(({ from, to }) => from >= start && to <= start + MAX_CHARS)
      .map(({ from, to }) => ({ from: from + shift, to: to + shift })),
  };
}
