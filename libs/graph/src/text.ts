/** Characters that XML 1.0 does not allow: https://www.w3.org/TR/xml/#charsets. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Returns the text as content or as a quoted attribute of XML. Characters that XML cannot contain become `�`. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(NOT_XML, '\uFFFD')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Widths in parts of the font size, measured with DejaVu Sans, the widest of the fonts that the pictures name. */
const WIDE = 1.05;
const CAPITAL = 0.78;
const CYRILLIC = 0.68;
const NARROW = 0.36;
const OTHER = 0.63;

/** Returns an estimate of the width of a text in pixels. It is rather too large than too small. */
export function widthOfText(text: string, fontPx: number): number {
  let width = 0;
  for (const character of text) width += shareOf(character);
  return width * fontPx;
}

function shareOf(character: string): number {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}]/u.test(character))
    return WIDE;
  if (/[ЖЩШЮЫФМжщшюыфмMWmw@%—…]/u.test(character)) return 0.95;
  if (/\p{Uppercase}/u.test(character)) return CAPITAL;
  if (/\p{Script=Cyrillic}/u.test(character)) return CYRILLIC;
  if (/[ijlftrI.,:;'|!()[\] ]/.test(character)) return NARROW;
  return OTHER;
}
