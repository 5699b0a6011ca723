/** A position in a source file. Line and column count from 1; columns are UTF-16 units. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The values that an expression can read (the roots of the language). `trigger.data` is an own property, and may be a getter. */
export interface Scope {
  readonly trigger?: Readonly<Record<string, unknown>>;
  readonly steps?: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly error?: unknown;
  readonly run?: { readonly id: string; readonly flow: string; readonly startedAt: string };
  /** Inside of a `forEach`: the innermost loop. The item is a root of the name that `as` declares. `index` counts from 0. */
  readonly loop?: { readonly index: number; readonly total: number };
  /** Not a root: the values that the functions of the language need. Cheapest as a property that the scope inherits. */
  readonly context: EvaluationContext;
}

export interface EvaluationContext {
  /** `$now`, `$millis`: the time of the hop, in milliseconds since 1970. */
  readonly now: number;
  /** `$uuid([name])`: derived from run, step and name; without a name, from run, step and a counter within the step. */
  readonly uuid: (name?: string) => string;
  /** `settings.timezone`. */
  readonly timezone?: string;
  /** `settings.country`. */
  readonly country: string;
}

/** A YAML value whose expressions are compiled. */
export interface Template {
  /** True when the value contains no expression: `render` then returns the same value for each scope. */
  readonly constant: boolean;
  /**
   * Returns the value, or a promise of it when an expression is outside of the compiled subset.
   * Leaves out keys and items whose value is `$omit`.
   * @throws (or rejects with) a SluiceError `EXPR_…` that names the place
   */
  render(scope: Scope): unknown;
}

/** One whole expression, or a literal `true` or `false`. */
export interface Condition {
  /** The expression as written, with its braces. Absent for a literal. */
  readonly source?: string;
  /** @throws (or rejects with) a SluiceError; `EXPR_NOT_BOOLEAN` when the value is neither true nor false */
  test(scope: Scope): boolean | Promise<boolean>;
}

/** A text with or without expressions, which always renders to a text. */
export interface TextTemplate {
  readonly constant: boolean;
  text(scope: Scope): string | Promise<string>;
}
