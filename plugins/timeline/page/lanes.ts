interface Placed {
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

export interface Lane {
  /** Number of the lane from the left, from 0 on. */
  readonly lane: number;
  /** Number of lanes of the group of overlapping entries. */
  readonly lanes: number;
}

/**
 * Returns the lane of each entry of a column, so that overlapping entries stand beside one another. Entries share the width with the entries only that
 * they overlap, directly or through others.
 */
export function lanes(entries: readonly Placed[]): ReadonlyMap<string, Lane> {
  const placed = new Map<string, Lane>();
  let group: { readonly id: string; readonly lane: number }[] = [];
  let ends: number[] = [];
  const finish = () => {
    for (const { id, lane } of group) placed.set(id, { lane, lanes: ends.length });
    group = [];
    ends = [];
  };
  for (const entry of [...entries].sort((a, b) => a.from - b.from || a.id.localeCompare(b.id))) {
    if (ends.every((end) => end <= entry.from)) finish();
    const free = ends.findIndex((end) => end <= entry.from);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = entry.to;
    group.push({ id: entry.id, lane });
  }
  finish();
  return placed;
}
