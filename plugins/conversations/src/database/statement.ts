/** A prepared SQL statement. `$1` is always the id of the subscriber. */
export interface Statement<Row extends object> {
  readonly name: string;
  readonly text: string;
  /** Carries the type of the rows; never present. */
  readonly row?: Row;
}

/**
 * Declares a statement.
 *
 * @param name unique, at most 63 bytes: PostgreSQL keeps the prepared statement under it on each connection.
 * @throws when the text does not use `$1`: a statement without the subscriber would read the rows of all.
 */
export function statement<Row extends object>(name: string, text: string): Statement<Row> {
  if (!/\$1(?!\d)/.test(text)) throw new Error(`the statement ${name} does not use $1, the subscriber`);
  return { name: `conversations ${name}`, text };
}
