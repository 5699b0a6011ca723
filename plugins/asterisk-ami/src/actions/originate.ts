import { action, isSluiceError } from '@sluice/plugin-api';
import { z } from 'zod';
import { noted, readNote } from '../calls/call-notes.js';
import { channelId } from '../calls/channel-id.js';
import type { AmiClient } from '../client.js';
import { outgoing, outgoingAction } from './outgoing.js';
import { textOf } from '../ami/packet.js';

/** Begins a call; whether anybody answers shows in the trigger `call`. */
export const originate = action({
  title: 'Begin a call',
  input: outgoing({
    channel: z.string().min(1).describe('who is called first, such as PJSIP/101 or Local/89161234567@outbound'),
  }),
  output: z.object({
    channelId: z
      .string()
      .describe('unique id of the channel: its Uniqueid in events, and what hangup, redirect and setVariable take'),
    replayed: z.boolean().describe('this call had been begun before: nobody is rung a second time'),
  }),
  idempotent: 'by-key',
  async run(client: AmiClient, input, call) {
    const id = channelId(call.id);
    if ((await readNote(client, call)) || (await isUp(client, id, call.signal))) return { channelId: id, replayed: true };
    const order = outgoingAction(input, call.id, { channel: input.channel, id });
    await noted(client, call, () => client.ask(order, call.signal));
    return { channelId: id, replayed: false };
  },
});

/** Is there a channel of this name or unique id? */
export async function isUp(client: AmiClient, channel: string, signal: AbortSignal): Promise<boolean> {
  return (await stateOf(client, channel, signal)) !== undefined;
}

/** The state of a channel as Asterisk names it, `Up` when it is answered; nothing: there is no such channel. */
export async function stateOf(client: AmiClient, channel: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return textOf(await client.ask({ Action: 'Getvar', Channel: channel, Variable: 'CHANNEL(state)' }, signal), 'Value') ?? '';
  } catch (error) {
    if (isSluiceError(error) && error.code === 'AMI_REFUSED') return undefined;
    throw error;
  }
}
