const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const IDENTIFIER = /^[a-z][A-Za-z0-9]*$/;
const USE = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.([a-z][A-Za-z0-9]*)$/;
const EVENT_PATTERN = /^([A-Za-z0-9_-]+|\*|#)(\.([A-Za-z0-9_-]+|\*|#))*$/;
const LONGEST_NAME = 63;
const LONGEST_TYPE = 200;

const RESERVED: ReadonlySet<string> = new Set(
  'trigger steps vars env error run loop item and or in true false null function'.split(' '),
);

/** Of flows, connections, plugins and issuers. */
export function isName(text: string): boolean {
  return text.length <= LONGEST_NAME && NAME.test(text);
}

/** Of steps and constants: what an expression can read without backticks. */
export function isIdentifier(text: string): boolean {
  return text.length <= LONGEST_NAME && IDENTIFIER.test(text);
}

export function isReserved(text: string): boolean {
  return RESERVED.has(text);
}

/** An event type in which a word may be `*` (one word) or `#` (any number). */
export function isEventPattern(text: string): boolean {
  return text.length <= LONGEST_TYPE && EVENT_PATTERN.test(text);
}

/** `<plugin>.<action or trigger>` in its two parts. */
export function splitUse(text: string): { readonly plugin: string; readonly member: string } | undefined {
  const match = USE.exec(text);
  return match ? { plugin: match[1] as string, member: match[2] as string } : undefined;
}
