/** Maximum names to compare: the comparison is slow, and a file may contain many misspelt names. */
const MAX_COMPARED = 500;
/** Maximum letters of a name to compare. */
const MAX_LETTERS = 100;

/** Returns the name that was probably meant: at most a third of its letters differ. Returns undefined when no name is that near. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  if (name.length > MAX_LETTERS) return undefined;
  let compared = 0;
  for (const candidate of names) {
    if ((compared += 1) > MAX_COMPARED) break;
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Returns the number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number;
}

/** Maximum names that a cure lists. */
const MAX_LISTED = 30;

/** Returns a cure that lists the names that exist: "flows: a, b". */
export function namesListed(what: string, names: Iterable<string>): string {
  const list = [...names];
  const more = list.length > MAX_LISTED ? ` and ${list.length - MAX_LISTED} more` : '';
  return list.length === 0 ? `there are no ${what}` : `${what}: ${list.slice(0, MAX_LISTED).join(', ')}${more}`;
}
