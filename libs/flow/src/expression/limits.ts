/** Limits of one evaluation: data comes from outside, and an expression runs on the main thread of the host. */
export const LIMITS = {
  /** The event loop must be blocked for less than 300 ms, and a step that cannot be interrupted (JSON.parse of 4 MiB) can take 100 ms. */
  milliseconds: 200,
  /** Maximum nested evaluations, and maximum levels of a result. */
  depth: 1000,
  /** Maximum entries of a list that an expression builds, and maximum characters that `$pad` adds. */
  entries: 100_000,
  resultBytes: 4 * 1024 * 1024,
  /** Maximum memory for all values that one evaluation builds, including temporary values. */
  builtBytes: 64 * 1024 * 1024,
  /** Maximum characters of a text that a regular expression searches. */
  regexCharacters: 256 * 1024,
} as const;
