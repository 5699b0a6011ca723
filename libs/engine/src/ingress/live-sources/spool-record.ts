import type { NewEvent } from '@sluice/plugin-api';

/** An event in a spool, as its source passed it. */
export interface SpoolEntry {
  readonly acceptedAt: number;
  /** See `EventAttributes.wherechecked`. */
  readonly wherechecked?: boolean;
  readonly event: NewEvent & { readonly id: string; readonly type: string; readonly source: string; readonly time: Date };
}

/** One line of JSON. */
export function writeRecord({ acceptedAt, wherechecked, event }: SpoolEntry): Buffer {
  const { body, ...rest } = event;
  const carried = body && { body: Buffer.from(body).toString('base64') };
  return Buffer.from(`${JSON.stringify({ ...rest, ...carried, acceptedAt, wherechecked })}\n`);
}

/** The JSON of a line. */
type WrittenRecord = Omit<SpoolEntry['event'], 'time' | 'body'> & {
  readonly acceptedAt: number;
  readonly wherechecked?: boolean;
  /** ISO 8601. */
  readonly time: string;
  /** In base64. */
  readonly body?: string;
};

/** Parses a line. Throws for a line that is not a record. */
export function readRecord(line: Buffer): SpoolEntry {
  const { acceptedAt, wherechecked, body, ...rest } = JSON.parse(line.toString()) as WrittenRecord;
  const event = { ...rest, time: new Date(rest.time), ...(body !== undefined && { body: Buffer.from(body, 'base64') }) };
  return { acceptedAt, ...(wherechecked && { wherechecked }), event };
}
