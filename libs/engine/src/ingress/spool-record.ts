import type { NewEvent } from '@sluice/plugin-api';

/** An event in a spool, as its source passed it. */
export interface SpoolEntry {
  readonly acceptedAt: number;
  readonly event: NewEvent & { readonly id: string; readonly type: string; readonly source: string; readonly time: Date };
}

/** One line of JSON. */
export function writeRecord({ acceptedAt, event }: SpoolEntry): Buffer {
  const { body, ...rest } = event;
  const carried = body && { body: Buffer.from(body).toString('base64') };
  return Buffer.from(`${JSON.stringify({ ...rest, ...carried, acceptedAt })}\n`);
}

/** Parses a line. Throws for a line that is not a record. */
export function readRecord(line: Buffer): SpoolEntry {
  const { acceptedAt, body, ...rest } = JSON.parse(line.toString()) as { acceptedAt: number; time: string; body?: string };
  const event = { ...rest, time: new Date(rest.time), ...(body !== undefined && { body: Buffer.from(body, 'base64') }) };
  return { acceptedAt, event: event as unknown as SpoolEntry['event'] };
}
