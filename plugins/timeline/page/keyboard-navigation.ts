interface Placed {
  readonly id: string;
  /** Code of the column. */
  readonly group: string;
  /** Minutes. */
  readonly from: number;
}

/**
 * Returns the entry that an arrow key selects: with up and down the previous or next one in the column, with left and right the nearest in time in the
 * next column with entries.
 */
export function neighbour(entries: readonly Placed[], columns: readonly string[], id: string, key: string): string | undefined {
  const current = entries.find((entry) => entry.id === id);
  if (!current) return undefined;
  const inColumn = (column: string) => entries.filter((entry) => entry.group === column).sort(byTime);
  const along = (step: 1 | -1) => {
    const own = inColumn(current.group);
    return own[own.indexOf(current) + step]?.id;
  };
  const across = (step: 1 | -1) => {
    for (let column = columns.indexOf(current.group) + step; ; column += step) {
      const code = columns[column];
      if (code === undefined) return undefined;
      const [nearest] = inColumn(code).sort((a, b) => Math.abs(a.from - current.from) - Math.abs(b.from - current.from));
      if (nearest) return nearest.id;
    }
  };
  switch (key) {
    case 'ArrowUp':
      return along(-1);
    case 'ArrowDown':
      return along(1);
    case 'ArrowLeft':
      return across(-1);
    case 'ArrowRight':
      return across(1);
    default:
      return undefined;
  }
}

function byTime(a: Placed, b: Placed): number {
  return a.from - b.from || a.id.localeCompare(b.id);
}
