import type { RichText } from './rich-text.js';

/** Returns the stored form of a draft, `undefined` if nothing is written. */
export function writeDraft({ text, spans }: RichText): string | undefined {
  return text === '' ? undefined : JSON.stringify({ text, spans });
}

/** Returns a stored draft; an empty text if there is none or if it is malformed. */
export function readDraft(stored: string | undefined): RichText {
  const empty = { text: '', spans: [] };
  if (stored === undefined) return empty;
  try {
    const { text, spans } = JSON.parse(stored) as Partial<RichText>;
    return typeof text === 'string' && Array.isArray(spans) ? { text, spans } : empty;
  } catch {
    return empty;
  }
}
