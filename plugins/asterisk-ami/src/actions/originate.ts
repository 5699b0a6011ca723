import { action, isSluiceError } from '@sluice/plugin-api';
import { z } from 'zod';
import { readNote, withNote } from '../calls/call-notes.js';
import { channelId } from '../calls/channel-id.js';
import type { AmiClient } from '../client.js';
import { outgoing, outgoingAction } from './outgoing.js';
import { textOf } from '../ami/packet.js';

/** Begins a call. The trigger `call` reports whether anybody answers. */
export const originate = action({
  title: 'Begin a call',
  input: outgoing({
    channel: z.string().min(1).describe('channel that is called first, such as PJSIP/101 or Local/89161234567@outbound'),
  }),
  output: z.object({
    channelId: z.string().describe('Uniqueid of the channel in events, for `channel` of hangup, redirect and setVariable'),
    replayed: z.boolean().describe('true: this call was begun before, and nobody is rung a second time'),
  }),
  idempotent: 'by-key',
  async run(client: AmiClient, input, call) {
    const id = channelId(call.id);
    if ((await readNote(client, call)) || (await isUp(client, id, call.signal))) return { channelId: id, replayed: true };
    const order = outgoingAction(input, call.id, { channel: input.channel, id });
    await withNote(client, call, () => client.ask(order, call.signal));
    return { channelId: id, replayed: false };
  },
});

/** Returns whether a channel with this name or unique id exists. */
export async function isUp(client: AmiClient, channel: string, signal: AbortSignal): Promise<boolean> {
  return (await stateOf(client, channel, signal)) !== undefined;
}

/** Returns Asterisk's name of the state of a channel, such as `Up` after the answer; undefined: the channel does not exist. */
export async function stateOf(client: AmiClient, channel: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return textOf(await client.ask({ Action: 'Getvar', Channel: channel, Variable: 'CHANNEL(state)' }, signal), 'Value') ?? '';
  } catch (error) {
    if (isSluiceError(error) && error.code === 'AMI_REFUSED') return undefined;
    throw error;
  }
}
