/** A range of a file's text. Offsets are UTF-16 units; the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Returns the span of the first character. Missing keys of a node are reported there. */
export function firstUnit({ start }: Span): Span {
  return { start, end: start + 1 };
}

/** The text of a file, with the mapping of offsets to lines and columns. */
export class SourceText {
  private readonly lineStarts: number[] = [0];

  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1);
  }

  /** Returns line and column of an offset, both counted from 1. */
  location(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lineStarts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.lineStarts[low] as number) + 1 };
  }

  /** Returns the text of a line without its line break. */
  line(number: number): string {
    return this.text.slice(this.lineStart(number), this.lineEnd(number));
  }

  lineStart(number: number): number {
    return this.lineStarts[number - 1] ?? this.text.length;
  }

  /** Returns the offset of the line's end, before its `\r\n` or `\n`. */
  lineEnd(number: number): number {
    const next = this.lineStarts[number];
    if (next === undefined) return this.text.length;
    return this.text[next - 2] === '\r' ? next - 2 : next - 1;
  }
}
