/** Lines of context around a change. */
const CONTEXT = 2;
/** Maximum lines in which the two texts must meet again after a difference. */
const MAX_LOOKAHEAD = 200;

/** A range of lines that differs: `oldEnd` and `newEnd` are exclusive. */
interface Change {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/**
 * Returns the difference of two texts in the unified format. Fixes change few lines and keep the others in their order, so a search
 * for the next equal line suffices.
 */
export function lineDiff(file: string, before: string, after: string): string {
  const [old, next] = [linesOf(before), linesOf(after)];
  return [
    `--- ${file}`,
    `+++ ${file}`,
    ...hunks([...changesBetween(old, next)]).flatMap((hunk) => hunkLines(hunk, old, next)),
  ].join('\n');
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Groups the changes whose context would overlap. */
function hunks(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && change.oldStart - last.oldEnd <= 2 * CONTEXT) group.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunkLines(hunk: readonly Change[], old: readonly string[], next: readonly string[]): readonly string[] {
  const [first, last] = [hunk[0] as Change, hunk.at(-1) as Change];
  const from = Math.max(0, first.oldStart - CONTEXT);
  const to = Math.min(old.length, last.oldEnd + CONTEXT);
  const lines: string[] = [];
  let at = from;
  for (const { oldStart, oldEnd, newStart, newEnd } of hunk) {
    lines.push(...old.slice(at, oldStart).map((line) => ` ${line}`));
    lines.push(
      ...old.slice(oldStart, oldEnd).map((line) => `-${line}`),
      ...next.slice(newStart, newEnd).map((line) => `+${line}`),
    );
    at = oldEnd;
  }
  lines.push(...old.slice(at, to).map((line) => ` ${line}`));
  const count = (kept: '-' | '+') => lines.filter((line) => line.startsWith(' ') || line.startsWith(kept)).length;
  const newFrom = first.newStart - (first.oldStart - from);
  return [`@@ -${from + 1},${count('-')} +${newFrom + 1},${count('+')} @@`, ...lines];
}

function* changesBetween(old: readonly string[], next: readonly string[]): Generator<Change> {
  let [at, to] = [0, 0];
  while (at < old.length || to < next.length) {
    if (old[at] === next[to]) {
      [at, to] = [at + 1, to + 1];
      continue;
    }
    const [skipped, gained] = linesBeforeCommonLine(old, next, at, to);
    yield { oldStart: at, oldEnd: at + skipped, newStart: to, newEnd: to + gained };
    [at, to] = [at + skipped, to + gained];
  }
}

/** Returns how many lines of each text lie before the nearest line that both have. */
function linesBeforeCommonLine(
  old: readonly string[],
  next: readonly string[],
  at: number,
  to: number,
): readonly [number, number] {
  for (let distance = 1; distance <= MAX_LOOKAHEAD; distance++) {
    for (let skipped = 0; skipped <= distance; skipped++) {
      const gained = distance - skipped;
      const line = old[at + skipped];
      if (line !== undefined && line === next[to + gained]) return [skipped, gained];
    }
  }
  return [old.length - at, next.length - to];
}
