/** Maximum characters of a value on one line. */
const LINE_CHARACTERS = 100;
/** Maximum characters of a text within a value. */
const MAX_TEXT = 300;

/**
 * Returns a value as lines of JSON: on one line where it fits, otherwise one line for each entry. Reads no more of the value than it shows.
 *
 * @param maxLines maximum lines; a last line then says that the value continues
 * @param mask applied to each text and each key
 */
export function jsonLines(value: unknown, maxLines: number, mask: (text: string) => string = (text) => text): readonly string[] {
  const lines: string[] = [];
  for (const line of linesOf(value, '', '', mask)) {
    if (lines.length >= maxLines) {
      lines[maxLines - 1] = '…';
      break;
    }
    lines.push(line);
  }
  return lines;
}

/** Returns the beginning of a value as JSON on one line. */
export function shortJson(value: unknown, maxCharacters: number, mask: (text: string) => string = (text) => text): string {
  return compact(value, maxCharacters, mask) ?? `${truncated(value, maxCharacters - 1, mask)}…`;
}

function* linesOf(value: unknown, indent: string, after: string, mask: (text: string) => string): Generator<string> {
  const short = compact(value, LINE_CHARACTERS - indent.length, mask);
  if (short !== undefined || typeof value !== 'object' || value === null) {
    yield (short ?? scalar(value, mask)) + after;
    return;
  }
  const isList = Array.isArray(value);
  yield isList ? '[' : '{';
  const count = isList ? value.length : Object.keys(value).length;
  let index = 0;
  for (const [key, item] of entriesOf(value)) {
    const comma = ++index < count ? ',' : '';
    const name = isList ? '' : `${JSON.stringify(mask(key))}: `;
    let isFirst = true;
    for (const line of linesOf(item, `${indent}  `, comma, mask)) {
      yield `  ${isFirst ? name : ''}${line}`;
      isFirst = false;
    }
  }
  yield (isList ? ']' : '}') + after;
}

function entriesOf(value: object): Iterable<readonly [string, unknown]> {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

/** Returns the whole value on one line; undefined when it does not fit. Stops reading as soon as that is known. */
function compact(value: unknown, left: number, mask: (text: string) => string): string | undefined {
  if (left < 0) return undefined;
  if (typeof value !== 'object' || value === null) {
    const text = scalar(value, mask);
    return text.length <= left ? text : undefined;
  }
  const isList = Array.isArray(value);
  let line = isList ? '[' : '{ ';
  let isFirst = true;
  for (const [key, item] of entriesOf(value)) {
    const head = (isFirst ? '' : ', ') + (isList ? '' : `${JSON.stringify(mask(key))}: `);
    const text = compact(item, left - line.length - head.length, mask);
    if (text === undefined) return undefined;
    line += head + text;
    isFirst = false;
  }
  line = isFirst ? (isList ? '[]' : '{}') : line + (isList ? ']' : ' }');
  return line.length <= left ? line : undefined;
}

function truncated(value: unknown, left: number, mask: (text: string) => string): string {
  if (typeof value !== 'object' || value === null) return scalar(value, mask).slice(0, Math.max(0, left));
  const isList = Array.isArray(value);
  let line = isList ? '[' : '{ ';
  for (const [key, item] of entriesOf(value)) {
    if (line.length >= left) break;
    const name = isList ? '' : `${JSON.stringify(mask(key))}: `;
    line += `${line.length > 2 ? ', ' : ''}${name}${truncated(item, left - line.length - name.length, mask)}`;
  }
  return line.slice(0, Math.max(0, left));
}

function scalar(value: unknown, mask: (text: string) => string): string {
  if (typeof value === 'string') {
    const text = mask(value.length > 2 * MAX_TEXT ? value.slice(0, 2 * MAX_TEXT) : value);
    const cut = value.length > MAX_TEXT ? ` … (${value.length} characters)` : '';
    return JSON.stringify(text.slice(0, MAX_TEXT)) + cut;
  }
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' && mask(String(value)) !== String(value)) return '"***"';
  return JSON.stringify(value) ?? typeof value;
}
