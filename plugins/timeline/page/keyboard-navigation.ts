interface Placed {
  readonly id: string;
  readonly group: string;
  readonly start: Date;
}

/**
 * Returns the entry that an arrow key selects: with left and right the previous or next one in the row, with up and down the nearest in
 * time in the next row with entries.
 */
export function neighbour(entries: readonly Placed[], rows: readonly string[], id: string, key: string): string | undefined {
  const from = entries.find((entry) => entry.id === id);
  if (!from) return undefined;
  const inRow = (row: string) => entries.filter((entry) => entry.group === row).sort(byTime);
  const beside = (step: 1 | -1) => {
    const own = inRow(from.group);
    return own[own.indexOf(from) + step]?.id;
  };
  const across = (step: 1 | -1) => {
    for (let row = rows.indexOf(from.group) + step; ; row += step) {
      const code = rows[row];
      if (code === undefined) return undefined;
      const [nearest] = inRow(code).sort((a, b) => apart(a, from) - apart(b, from));
      if (nearest) return nearest.id;
    }
  };
  switch (key) {
    case 'ArrowLeft':
      return beside(-1);
    case 'ArrowRight':
      return beside(1);
    case 'ArrowUp':
      return across(-1);
    case 'ArrowDown':
      return across(1);
    default:
      return undefined;
  }
}

function byTime(a: Placed, b: Placed): number {
  return a.start.getTime() - b.start.getTime() || a.id.localeCompare(b.id);
}

function apart(a: Placed, b: Placed): number {
  return Math.abs(a.start.getTime() - b.start.getTime());
}
