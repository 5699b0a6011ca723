const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const IDENTIFIER = /^[a-z][A-Za-z0-9]*$/;
const USE = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.([a-z][A-Za-z0-9]*)$/;
const EVENT_PATTERN = /^([A-Za-z0-9_-]+|\*|#)(\.([A-Za-z0-9_-]+|\*|#))*$/;
const MAX_NAME_LENGTH = 63;
const MAX_TYPE_LENGTH = 200;

const RESERVED: ReadonlySet<string> = new Set(
  'trigger steps vars env error run loop item and or in true false null function'.split(' '),
);

/** Verifies a name of a flow, connection, plugin or issuer. */
export function isName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text);
}

/** Verifies a name of a step or constant: an expression can read it without backticks. */
export function isIdentifier(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && IDENTIFIER.test(text);
}

export function isReserved(text: string): boolean {
  return RESERVED.has(text);
}

/** Verifies a pattern of event types, in which a word may be `*` (exactly one word) or `#` (any number of words). */
export function isEventPattern(text: string): boolean {
  return text.length <= MAX_TYPE_LENGTH && EVENT_PATTERN.test(text);
}

/** Splits `<plugin>.<action or trigger>` into its two parts; returns undefined for any other text. */
export function splitUse(text: string): { readonly plugin: string; readonly member: string } | undefined {
  const match = USE.exec(text);
  return match ? { plugin: match[1] as string, member: match[2] as string } : undefined;
}
