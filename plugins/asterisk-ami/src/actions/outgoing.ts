import { duration } from '@sluice/plugin-api';
import { z } from 'zod';
import { assignments, type AmiAction } from '../ami/write-action.js';

const variables = z.record(z.string().regex(/^[\w().-]+$/, 'the name of a channel variable'), z.string());

/** Channel variable with the number that `dial` calls: the channel may show another one, or none. */
export const DIALLED_NUMBER = 'SLUICE_NUMBER';
/** Channel variable with the extension where the dialplan goes on: the exchange reveals it only when the channel has answered. */
export const TARGET_EXTENSION = 'SLUICE_EXTEN';

const where = {
  context: z.string().min(1).optional().describe('where the dialplan goes on when it is answered, with `exten`'),
  exten: z.string().min(1).default('s').describe('extension in `context`'),
  priority: z.int().min(1).default(1).describe('priority in the extension'),
  application: z.string().min(1).optional().describe('instead of `context`: an application of the dialplan, such as Playback'),
  data: z.string().default('').describe('arguments of `application`'),
  callerId: z.string().optional().describe('number to show, or `Name <number>`'),
  ring: duration().prefault('30s').describe('how long it may ring'),
  account: z.string().optional().describe('account code for the call records'),
  variables: variables
    .default({})
    .describe(
      'channel variables; with `__` before the name also for the channels that follow. `SLUICE_CALL` is always among them: the id of the call in Sluice',
    ),
};

/** What each action that begins calls is given, with fields of its own. */
export function outgoing<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject({ ...where, ...shape }).refine(
    (input) => {
      const { context, application } = input as { context?: string; application?: string };
      return (context === undefined) !== (application === undefined);
    },
    { error: 'give either `context` or `application`', path: ['context'] },
  );
}

type Outgoing = z.output<z.ZodObject<typeof where>>;

/** Who is called, and the channel to do it with. */
interface Order {
  /** Channel to ring first. */
  readonly channel: string;
  /** Uniqueid of that channel. */
  readonly id: string;
  readonly number?: string;
}

/**
 * Returns an `Originate` that does not keep the session waiting. The dialplan and the call records find the call by `SLUICE_CALL`. The
 * `OriginateResponse` of a call that rang nobody has no Uniqueid in some versions, so the ActionID is the same text.
 */
export function outgoingAction(input: Outgoing, call: string, { channel, id, number }: Order): AmiAction {
  const { context, exten, priority, application, data, callerId, ring, account } = input;
  const told =
    number !== undefined
      ? { [DIALLED_NUMBER]: number }
      : context !== undefined && exten !== 's'
        ? { [TARGET_EXTENSION]: exten }
        : {};
  return {
    Action: 'Originate',
    ActionID: id,
    Channel: channel,
    ChannelId: id,
    ...(context === undefined
      ? { Application: application, Data: data }
      : { Context: context, Exten: exten, Priority: priority }),
    Timeout: ring,
    CallerID: callerId,
    Account: account,
    Variable: assignments({ ...input.variables, __SLUICE_CALL: call, ...told }),
    Async: true,
  };
}
