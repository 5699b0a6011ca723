import { isSluiceError, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import { channelId } from './channel-id.js';
import type { AmiClient } from '../client.js';
import { unlessRefused } from '../failures.js';
import { RESULTS } from '../actions/follow-call.js';
import { textOf } from '../ami/packet.js';

const note = z.object({
  /** The try that was begun last. */
  attempt: z.int(),
  /** How it ended; absent: nobody has seen that. */
  end: z.object({ result: z.enum(RESULTS), seconds: z.number(), cause: z.number().nullable() }).optional(),
});

/** What is known of a call that was ordered. */
export type CallNote = z.output<typeof note>;

/** Notes are kept in one family of entries for each month, and looked for in two of them; those of the months before are removed. */
const LOOKED_FOR = [0, 1];
const REMOVED = [2, 3, 4, 5, 6, 7];
/** With these the exchange has begun nothing. */
const NOT_BEGUN: readonly string[] = ['AMI_REFUSED', 'AMI_DENIED', 'AMI_UNWRITABLE'];

/** Those that have removed old notes, and those that may not write any and have been told. */
const swept = new WeakSet<AmiClient>();
const mute = new WeakSet<AmiClient>();

/**
 * What is noted of a call in the exchange's own database. A channel is gone when its call is over, and with it all that the exchange
 * knows: the note is what is left for a host that repeats the order. Nothing: it was not ordered, or the user may not read there.
 */
export async function readNote(client: AmiClient, call: Call): Promise<CallNote | undefined> {
  for (const ago of LOOKED_FOR) {
    const text = await readEntry(client, { Family: familyOf(client, ago), Key: channelId(call.id) }, call.signal);
    if (text !== undefined) return note.parse(JSON.parse(text));
  }
  return undefined;
}

/** Notes that a try begins, and orders it with `order`. When the exchange refuses the order, the note is taken back. */
export async function noted<Result>(client: AmiClient, call: Call, order: () => Promise<Result>): Promise<Result> {
  await write(client, call, { attempt: call.attempt });
  try {
    return await order();
  } catch (error) {
    if (isSluiceError(error) && NOT_BEGUN.includes(error.code)) await change(client, 'DBDel', call, {});
    throw error;
  }
}

/** Notes how a try has ended. Never rejects: the end is known, whether it can be noted or not. */
export async function noteEnd(client: AmiClient, call: Call, known: Required<CallNote>): Promise<void> {
  await write(client, call, known).catch((error: unknown) =>
    call.log.warn('the end of a call could not be noted in the exchange', { reason: String(error) }),
  );
}

async function write(client: AmiClient, call: Call, known: CallNote): Promise<void> {
  await change(client, 'DBPut', call, { Val: JSON.stringify(known) });
  // not before: Asterisk commits its database at most once a second, and the note would wait for that in memory
  if (!swept.has(client)) await sweep(client, call);
}

async function change(client: AmiClient, action: 'DBPut' | 'DBDel', call: Call, more: { readonly Val?: string }): Promise<void> {
  if (mute.has(client)) return;
  try {
    await client.ask({ Action: action, Family: familyOf(client), Key: channelId(call.id), ...more }, call.signal);
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'AMI_DENIED') throw error;
    mute.add(client);
    client.host.log.warn(`${client.where} lets nothing be noted: a call that is over may be begun again. ${error.cure}`);
  }
}

async function sweep(client: AmiClient, call: Call): Promise<void> {
  swept.add(client);
  for (const ago of REMOVED) await unlessRefused(client.ask({ Action: 'DBDelTree', Family: familyOf(client, ago) }, call.signal));
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
