import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

const GAP = '   ';

/** Rows in columns as wide as their widest cell; the last one is left as it is. Colours take no room. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, width(cell))));
  return rows.map((row) => line(row, widths)).join('\n');
}

/** The same under the names of its columns. */
export function headedTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return table([heads.map((head) => pc.dim(head)), ...rows]);
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) =>
    column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
  );
  return cells.join(GAP).trimEnd();
}

function width(cell: string): number {
  return Array.from(stripVTControlCharacters(cell)).length;
}
