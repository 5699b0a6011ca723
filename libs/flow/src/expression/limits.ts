/** Bounds of one evaluation: data comes from outside, and an expression runs on the thread of the whole host. */
export const LIMITS = {
  /** The event loop must not be held for 300 ms, and one step that cannot be interrupted (JSON.parse of 4 MiB) takes up to 100. */
  milliseconds: 200,
  /** Nested evaluations, and levels of a result. */
  depth: 1000,
  /** Entries of a list that an expression builds, and characters that `$pad` adds. */
  entries: 100_000,
  resultBytes: 4 * 1024 * 1024,
  /** Memory for all values that one evaluation builds, those included that it drops again. */
  builtBytes: 64 * 1024 * 1024,
  /** Characters of a text that a regular expression searches. */
  regexCharacters: 256 * 1024,
} as const;
