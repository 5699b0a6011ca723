import { action, isSluiceError } from '@sluice/plugin-api';
import { z } from 'zod';
import type { AmiClient } from '../client.js';
import { textsOf } from '../ami/packet.js';

const channel = z.string().min(1).describe('name or unique id of the channel');
const GONE = /no such channel|channel does not exist/i;

/** Hangs a channel up. Succeeds also when the channel has ended already. */
export const hangup = action({
  title: 'Hang up',
  input: z.strictObject({
    channel,
    cause: z.int().min(0).max(127).optional().describe('cause by Q.850; 16: a normal end'),
  }),
  output: z.object({ found: z.boolean().describe('false: the channel did not exist any more') }),
  idempotent: 'yes',
  paced: false,
  async run(client: AmiClient, input, call) {
    try {
      await client.ask({ Action: 'Hangup', Channel: input.channel, Cause: input.cause }, call.signal);
      return { found: true };
    } catch (error) {
      if (isGone(error)) return { found: false };
      throw error;
    }
  },
});

/** Sets a variable of a channel or a global variable. */
export const setVariable = action({
  title: 'Set a channel variable',
  input: z.strictObject({
    channel: channel.optional().describe('name or unique id of the channel; absent: a global variable'),
    name: z
      .string()
      .regex(/^[\w().-]+$/, 'the name of a variable or a function, such as CDR(userfield)')
      .describe('name of the variable or of a function, such as CDR(userfield)'),
    value: z.string().describe('new value'),
  }),
  output: z.null(),
  idempotent: 'yes',
  paced: false,
  async run(client: AmiClient, input, call) {
    await client.ask({ Action: 'Setvar', Channel: input.channel, Variable: input.name, Value: input.value }, call.signal);
    return null;
  },
});

/** Sends a call to another extension of the dialplan, for example to an answering machine or a conference. */
export const redirect = action({
  title: 'Send a call elsewhere',
  input: z.strictObject({
    channel,
    extraChannel: channel.optional().describe('a second channel for the same extension'),
    context: z.string().min(1).describe('context of the extension'),
    exten: z.string().min(1).describe('extension in `context`'),
    priority: z.int().min(1).default(1).describe('priority of `exten`'),
  }),
  output: z.null(),
  idempotent: 'no',
  paced: false,
  async run(client: AmiClient, input, call) {
    const { context: Context, exten: Exten, priority: Priority, extraChannel } = input;
    const extra = extraChannel !== undefined && {
      ExtraChannel: extraChannel,
      ExtraContext: Context,
      ExtraExten: Exten,
      ExtraPriority: Priority,
    };
    await client.ask({ Action: 'Redirect', Channel: input.channel, Context, Exten, Priority, ...extra }, call.signal);
    return null;
  },
});

/** Runs a command of Asterisk's command line. */
export const command = action({
  title: 'Run a command of the command line',
  input: z.strictObject({ command: z.string().min(1).describe('such as `pjsip show endpoint 101`') }),
  output: z.object({ lines: z.array(z.string()) }),
  idempotent: 'no',
  async run(client: AmiClient, input, call) {
    return { lines: [...textsOf(await client.ask({ Action: 'Command', Command: input.command }, call.signal), 'Output')] };
  },
});

function isGone(error: unknown): boolean {
  if (!isSluiceError(error) || error.code !== 'AMI_REFUSED') return false;
  return GONE.test((error.options.details as { message: string }).message);
}
