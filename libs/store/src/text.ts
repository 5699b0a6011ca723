/** Texts that PostgreSQL cannot keep as they are: a zero byte is refused, half a surrogate pair would become U+FFFD. */
const UNKEEPABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const MARK = 'json:';

/** Any text as one that a `text` column keeps. Equal texts stay equal. */
export function toColumn(text: string): string {
  return UNKEEPABLE.test(text) || text.startsWith(MARK) ? MARK + JSON.stringify(text) : text;
}

/** The text that {@link toColumn} was given. */
export function fromColumn(kept: string): string {
  return kept.startsWith(MARK) ? (JSON.parse(kept.slice(MARK.length)) as string) : kept;
}
