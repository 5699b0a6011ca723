const TO_ESCAPE = /[\\\n\r:]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };

/** Escapes a header's name or value, https://stomp.github.io/stomp-specification-1.2.html#Value_Encoding. */
export function escapeHeader(text: string): string {
  return text.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character);
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
