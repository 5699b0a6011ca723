import { randomUUID } from 'node:crypto';
import pc from 'picocolors';

/** The terminal colours of this program. */
export interface Paint {
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/**
 * Placeholder for ESC in our own colours until a line is shown. It is random, so that text of a remote system cannot contain colours.
 */
const MARK = randomUUID();
const OWN_COLOUR = new RegExp(`${MARK}\\[\\d+m`, 'g');

/** Colours for text that {@link shown} prints; without effect on a terminal without colours. */
export const paint: Paint = {
  red: painter(31, 39),
  green: painter(32, 39),
  yellow: painter(33, 39),
  dim: painter(2, 22),
  bold: painter(1, 22),
};

function painter(open: number, close: number): (text: string) => string {
  return (text) => (pc.isColorSupported ? `${MARK}[${open}m${text}${MARK}[${close}m` : text);
}

/** Control characters, lone surrogates, bidirectional controls and invisible line separators. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;
const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Returns the text on one line, with a visible escape such as `\u001b` for each character that a terminal would obey. */
export function oneLine(text: string): string {
  return text.replaceAll(UNSAFE, (character) => NAMES[character] ?? escaped(character));
}

/** Returns the lines as they are written to a terminal: cleaned as by {@link oneLine}, with line breaks, tabs and our own colours. */
export function shown(lines: string): string {
  return lines
    .replaceAll(UNSAFE, (character) => (character === '\n' || character === '\t' ? character : oneLine(character)))
    .replaceAll(MARK, '\u001B');
}

/** Returns JSON of the same value in which a terminal finds nothing to obey; `JSON.stringify` escapes C0 alone. */
export function shownJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) => (character === '\n' ? character : escaped(character)));
}

/** Returns how many characters of a terminal a cleaned text takes. */
export function widthOf(text: string): number {
  return Array.from(text.replaceAll(OWN_COLOUR, '')).length;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
