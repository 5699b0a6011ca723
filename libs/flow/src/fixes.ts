import type { Finding, TextEdit } from './model.js';
import { SourceText } from './yaml/source-text.js';

export interface FixedText {
  readonly text: string;
  /** The findings whose fix was applied. */
  readonly fixed: readonly Finding[];
}

/**
 * Applies the fixes of findings to the text that they were found in. A fix is applied as a whole or not at all; one that overlaps an
 * earlier one is not applied, because the text that it replaces has changed: check the result again for it.
 *
 * @param text the text of the file, without a byte order mark
 * @param findings findings of this file, in any order
 */
export function applyFixes(text: string, findings: readonly Finding[]): FixedText {
  const source = new SourceText('', text);
  const accepted = new Map<string, Replacement>();
  const fixed: Finding[] = [];
  const starts = new SortedSpans();
  for (const finding of findings) {
    if (!finding.fix) continue;
    const edits = finding.fix.map((edit) => offsetsOf(edit, source));
    const fresh = edits.filter((edit) => !accepted.has(keyOf(edit)));
    if (fresh.some((edit) => starts.overlaps(edit))) continue;
    for (const edit of fresh) {
      accepted.set(keyOf(edit), edit);
      starts.add(edit);
    }
    fixed.push(finding);
  }
  const parts: string[] = [];
  let at = 0;
  for (const edit of starts.inOrder) {
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  parts.push(text.slice(at));
  return { text: parts.join(''), fixed };
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function keyOf({ start, end, text }: Replacement): string {
  return `${start}-${end} ${text}`;
}

function offsetsOf({ range, text }: TextEdit, source: SourceText): Replacement {
  return {
    start: source.lineStart(range.line) + range.column - 1,
    end: source.lineStart(range.endLine) + range.endColumn - 1,
    text,
  };
}

/** Replacements that do not overlap, in the order of their places. */
class SortedSpans {
  readonly inOrder: Replacement[] = [];

  add(edit: Replacement): void {
    this.inOrder.splice(this.indexAfter(edit.start), 0, edit);
  }

  overlaps(edit: Replacement): boolean {
    const index = this.indexAfter(edit.start);
    const [before, after] = [this.inOrder[index - 1], this.inOrder[index]];
    // two insertions at one place have no order
    const touches = before !== undefined && (before.end > edit.start || before.start === edit.start);
    return touches || (after !== undefined && after.start < edit.end);
  }

  /** Returns the index of the first replacement that begins after the offset. */
  private indexAfter(offset: number): number {
    let low = 0;
    let high = this.inOrder.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.inOrder[middle] as Replacement).start <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
