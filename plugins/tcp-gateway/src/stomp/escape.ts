const SPECIAL = /[\\\n\r:]/;
const EACH_SPECIAL = /[\\\n\r:]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };

/** Escapes a header's name or value, https://stomp.github.io/stomp-specification-1.2.html#Value_Encoding. */
export function escapeHeader(text: string): string {
  // most have nothing to escape, and to look costs half of what it costs to replace
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, (character) => ESCAPES[character] ?? character) : text;
}

const ESCAPE = /\\([\s\S]?)/g;
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', r: '\r', c: ':' };

/** The text behind the escapes; undefined when one of them is not defined by STOMP 1.2. */
export function unescapeHeader(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let known = true;
  const plain = text.replace(ESCAPE, (_, character: string) => {
    const meant = ESCAPED[character];
    known &&= meant !== undefined;
    return meant ?? '';
  });
  return known ? plain : undefined;
}
