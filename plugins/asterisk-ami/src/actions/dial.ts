import { action, duration, isEventType, isSluiceError, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import { noteEnd, readNote, withNote } from '../calls/call-notes.js';
import { channelId } from '../calls/channel-id.js';
import type { AmiClient } from '../client.js';
import { ami } from '../failures.js';
import { followCall, RESULTS, type Beginning, type CallEnd } from './follow-call.js';
import { isUp, stateOf } from './originate.js';
import { outgoing, outgoingAction } from './outgoing.js';
import { textOf } from '../ami/packet.js';
import { days, hours, untilOpen } from './working-hours.js';

/** Added to the wait for the working hours, so that they have begun at the next attempt. */
const MARGIN_MS = 1_000;

const input = outgoing({
  number: z
    .string()
    .regex(/^\+?[\d*#]{2,32}$/, 'a telephone number')
    .describe('number to call'),
  via: z
    .string()
    .includes('{number}')
    .default('Local/{number}@from-internal')
    .describe('channel, in which `{number}` stands for the number'),
  attempts: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('maximum number of tries while nobody answers; `deliver.retry.attempts` must allow as many'),
  interval: duration().prefault('30m').describe('time between two tries'),
  hours: hours().optional().describe('only within these hours of the time zone of the exchange, such as 10:00-19:00'),
  days: days().optional().describe('only on these days: mon, tue, … sun'),
  emitAs: z
    .string()
    .refine(isEventType, 'words of letters, digits, _ and - joined by dots')
    .optional()
    .describe('publishes the result as an event of this type, with the number as its subject'),
});

type Input = z.output<typeof input>;

/**
 * Dials one number of a campaign and waits for the end of the call. During the call it occupies a slot, so that the limit of the
 * connection is the limit of concurrent calls. Between two tries and out of hours it waits in the queue and occupies no slot.
 */
export const dial = action({
  title: 'Dial a number of a campaign',
  input,
  output: z.object({
    number: z.string(),
    result: z.enum(RESULTS),
    attempts: z.number().describe('number of tries'),
    seconds: z.number().describe('seconds of talk; for a call that another host began, since this host has followed it'),
    cause: z.number().nullable().describe('hang-up cause by Q.850; null: not known'),
    channelId: z.string().nullable().describe('Uniqueid of the channel of the last try; null: nobody was called'),
  }),
  idempotent: 'by-key',
  async run(client: AmiClient, wanted, call) {
    const before = await tryBefore(client, wanted, call);
    if (before) return conclude(wanted, call, before);
    if (await isForbidden(client, wanted.number, call.signal))
      return publish(wanted, call, {
        end: { result: 'doNotCall', seconds: 0, cause: null },
        attempt: call.attempt,
        channel: null,
      });
    waitForHours(client, wanted);
    const attempt = await numberOfTry(client, call);
    const channel = channelId(call.id, attempt);
    const end = await followCall(client, channel, wanted.ring, call.signal, () => begin(client, wanted, call, channel));
    await noteEnd(client, call, { attempt, end });
    return conclude(wanted, call, { attempt, channel, end });
  },
});

interface Try {
  /** Number of the try, from 1. A step that is repeated because the end of the call was not observed has more attempts than tries. */
  readonly attempt: number;
  readonly channel: string | null;
  readonly end: CallEnd;
}

/**
 * Returns the try that a host has begun before, when no other try may follow. A call that is still up is followed. When the end was not
 * observed, somebody may have talked, so the result is unknown and nobody is rung again.
 */
async function tryBefore(client: AmiClient, wanted: Input, call: Call): Promise<Try | undefined> {
  const note = await readNote(client, call);
  if (!note) return undefined;
  const { attempt } = note;
  const channel = channelId(call.id, attempt);
  if (note.end) return attempt === call.attempt || isFinal(note.end) ? { attempt, channel, end: note.end } : undefined;
  const find = async () => ({ state: await stateOf(client, channel, call.signal) });
  const end = await followCall(client, channel, wanted.ring, call.signal, find);
  await noteEnd(client, call, { attempt, end });
  return { attempt, channel, end };
}

/** Returns the output, or throws the error after which the engine dials the number again. */
function conclude(wanted: Input, call: Call, tried: Try) {
  const { attempt, end } = tried;
  if (isFinal(end) || call.attempt >= wanted.attempts) return publish(wanted, call, tried);
  throw ami.AMI_NOT_REACHED(`${wanted.number} was not reached (${end.result}), try ${attempt} of ${wanted.attempts}`, {
    sent: 'yes',
    postponeMs: wanted.interval,
    details: end,
  });
}

function isFinal({ result }: CallEnd): boolean {
  return result === 'answered' || result === 'unknown';
}

function publish(wanted: Input, call: Call, { attempt, channel, end }: Try) {
  const output = { number: wanted.number, attempts: attempt, channelId: channel, ...end };
  if (wanted.emitAs !== undefined)
    call.emit({ type: wanted.emitAs, subject: wanted.number, partitionkey: wanted.number, data: output });
  return output;
}

/** Looks the number up before each try, because it may have been added between two tries. */
async function isForbidden(client: AmiClient, number: string, signal: AbortSignal): Promise<boolean> {
  const { numbers, family } = client.config.doNotCall;
  if (numbers.includes(number)) return true;
  if (family === undefined) return false;
  try {
    await client.ask({ Action: 'DBGet', Family: family, Key: number }, signal);
    return true;
  } catch (error) {
    if (isSluiceError(error) && error.code === 'AMI_REFUSED') return false;
    throw error;
  }
}

function waitForHours(client: AmiClient, { hours: window, days: on, number }: Input): void {
  if (window === undefined && on === undefined) return;
  const timezone = client.config.timezone ?? client.host.timezone;
  if (timezone === undefined)
    throw ami.AMI_NO_TIMEZONE(`${number}: the time zone of ${client.where} is not known`, { sent: 'no' });
  const ms = untilOpen({ hours: window ?? '00:00-00:00', days: on }, timezone, client.host.now());
  if (ms > 0)
    throw ami.AMI_NOT_NOW(`${number} is not called before the working hours begin`, { sent: 'no', postponeMs: ms + MARGIN_MS });
}

/** Returns the number of the previous try while its channel is up, so that this call is followed; otherwise that of the attempt. */
async function numberOfTry(client: AmiClient, call: Call): Promise<number> {
  const before = call.attempt - 1;
  return before > 0 && (await isUp(client, channelId(call.id, before), call.signal)) ? before : call.attempt;
}

/** Orders the call, unless its channel is up: another host may have begun it without a note. */
async function begin(client: AmiClient, wanted: Input, call: Call, id: string): Promise<Beginning> {
  const state = await stateOf(client, id, call.signal);
  if (state !== undefined) return { state };
  const channel = wanted.via.replace('{number}', wanted.number);
  const order = outgoingAction(wanted, call.id, { channel, id, number: wanted.number });
  const response = await withNote(client, call, () => client.ask(order, call.signal));
  return { actionId: textOf(response, 'ActionID') ?? '' };
}
