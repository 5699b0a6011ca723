/** Bounds of one evaluation: data comes from outside, and an expression runs on the thread of the whole host. */
export const LIMITS = {
  milliseconds: 250,
  depth: 1000,
  /** Entries of a range, of a list that JSONata builds, and characters that `$pad` adds. */
  entries: 100_000,
  resultBytes: 4 * 1024 * 1024,
} as const;
