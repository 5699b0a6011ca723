/** Texts that PostgreSQL cannot store unchanged: it refuses a zero byte, and half a surrogate pair would become U+FFFD. */
const UNKEEPABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const MARK = 'json:';

/** Converts any text to one that a `text` column can store. Equal texts stay equal. */
export function toColumn(text: string): string {
  return UNKEEPABLE.test(text) || text.startsWith(MARK) ? MARK + JSON.stringify(text) : text;
}

/** Returns the original text of a text from {@link toColumn}. */
export function fromColumn(kept: string): string {
  return kept.startsWith(MARK) ? (JSON.parse(kept.slice(MARK.length)) as string) : kept;
}
