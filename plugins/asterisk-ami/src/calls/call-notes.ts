import { isSluiceError, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import { channelId } from './channel-id.js';
import type { AmiClient } from '../client.js';
import { unlessRefused } from '../failures.js';
import { RESULTS } from '../actions/follow-call.js';
import { textOf } from '../ami/packet.js';

const note = z.object({
  /** Number of the last try. */
  attempt: z.int(),
  /** Its end; absent: not observed. */
  end: z.object({ result: z.enum(RESULTS), seconds: z.number(), cause: z.number().nullable() }).optional(),
});

/** The stored state of an ordered call. */
export type CallNote = z.output<typeof note>;

/** Months before the current one: notes are in one family of entries per month, are read in two, and older ones are removed. */
const READ_MONTHS = [0, 1];
const REMOVED_MONTHS = [2, 3, 4, 5, 6, 7];
/** Errors after which the exchange has begun no call. */
const NOT_BEGUN: readonly string[] = ['AMI_REFUSED', 'AMI_DENIED', 'AMI_UNWRITABLE'];

/** Clients that have removed old notes. */
const cleaned = new WeakSet<AmiClient>();
/** Clients that may not write notes, which the log reports once for each. */
const denied = new WeakSet<AmiClient>();

/**
 * Returns the note of a call in the exchange's own database. After the end of a call the exchange knows nothing else about it, so a host
 * that repeats the order relies on the note. Undefined: the call was not ordered, or the user may not read notes.
 */
export async function readNote(client: AmiClient, call: Call): Promise<CallNote | undefined> {
  for (const ago of READ_MONTHS) {
    const text = await readEntry(client, { Family: familyOf(client, ago), Key: channelId(call.id) }, call.signal);
    if (text !== undefined) return note.parse(JSON.parse(text));
  }
  return undefined;
}

/** Stores that a try begins, and orders it with `order`. When the exchange refuses the order, the note is removed. */
export async function withNote<Result>(client: AmiClient, call: Call, order: () => Promise<Result>): Promise<Result> {
  await write(client, call, { attempt: call.attempt });
  try {
    return await order();
  } catch (error) {
    if (isSluiceError(error) && NOT_BEGUN.includes(error.code)) await change(client, 'DBDel', call, {});
    throw error;
  }
}

/** Stores the end of a try. Never rejects, because the end is known also without a note. */
export async function noteEnd(client: AmiClient, call: Call, known: Required<CallNote>): Promise<void> {
  await write(client, call, known).catch((error: unknown) =>
    call.log.warn('the end of a call could not be stored in the exchange', { reason: String(error) }),
  );
}

async function write(client: AmiClient, call: Call, known: CallNote): Promise<void> {
  await change(client, 'DBPut', call, { Val: JSON.stringify(known) });
  // after the note: Asterisk commits its database at most once a second, and the note would stay in memory until then
  if (!cleaned.has(client)) await removeOldNotes(client, call);
}

async function change(client: AmiClient, action: 'DBPut' | 'DBDel', call: Call, more: { readonly Val?: string }): Promise<void> {
  if (denied.has(client)) return;
  try {
    await client.ask({ Action: action, Family: familyOf(client), Key: channelId(call.id), ...more }, call.signal);
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'AMI_DENIED') throw error;
    denied.add(client);
    client.host.log.warn(`${client.where} refuses notes of calls, so a call that is over may be begun again: ${error.cure}`);
  }
}

async function removeOldNotes(client: AmiClient, call: Call): Promise<void> {
  cleaned.add(client);
  for (const ago of REMOVED_MONTHS)
    await unlessRefused(client.ask({ Action: 'DBDelTree', Family: familyOf(client, ago) }, call.signal));
}

async function readEntry(
  client: AmiClient,
  entry: { readonly Family: string; readonly Key: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await unlessRefused(client.list({ Action: 'DBGet', ...entry }, signal));
  const [value] = found?.items ?? [];
  return value && textOf(value, 'Val');
}

function familyOf(client: AmiClient, monthsAgo = 0): string {
  const now = client.host.now();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsAgo));
  return `sluice-${month.toISOString().slice(0, 7)}`;
}
