interface Placed {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/** Returns a lane for each entry of a shared resource, so that overlapping entries lie below one another. */
export function lanes(entries: readonly Placed[]): ReadonlyMap<string, number> {
  const ends: number[] = [];
  const lane = new Map<string, number>();
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.id.localeCompare(b.id))) {
    const free = ends.findIndex((end) => end <= entry.start);
    const own = free === -1 ? ends.length : free;
    ends[own] = entry.end;
    lane.set(entry.id, own);
  }
  return lane;
}
