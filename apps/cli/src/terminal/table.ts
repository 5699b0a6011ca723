import { oneLine, paint, widthOf } from './paint.js';

const GAP = '   ';

/**
 * Returns the rows in columns as wide as their widest cell; the last column is not padded. Each cell is one line, because control
 * characters are escaped; colours of `paint` do not count in the width.
 */
export function table(written: readonly (readonly string[])[]): string {
  const rows = written.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))));
  return rows.map((row) => line(row, widths)).join('\n');
}

/** Returns a table with column names. */
export function headedTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return table([heads.map((head) => paint.dim(head)), ...rows]);
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) =>
    column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
  );
  return cells.join(GAP).trimEnd();
}
