import { duration } from '@sluice/plugin-api';
import { z } from 'zod';
import { assignments, type AmiAction } from '../ami/write-action.js';

const variables = z.record(z.string().regex(/^[\w().-]+$/, 'the name of a channel variable'), z.string());

/** Channel variable with the number that `dial` calls: the channel may show another one, or none. */
export const DIALLED_NUMBER = 'SLUICE_NUMBER';
/** Channel variable with the extension where the dialplan continues: events contain it only after the answer of the channel. */
export const TARGET_EXTENSION = 'SLUICE_EXTEN';

const where = {
  context: z.string().min(1).optional().describe('context in which the dialplan continues after the answer'),
  exten: z.string().min(1).default('s').describe('extension in `context`'),
  priority: z.int().min(1).default(1).describe('priority of `exten`'),
  application: z.string().min(1).optional().describe('instead of `context`: an application of the dialplan, such as Playback'),
  data: z.string().default('').describe('arguments of `application`'),
  callerId: z.string().optional().describe('number to show, or `Name <number>`'),
  ring: duration().prefault('30s').describe('maximum time of ringing'),
  account: z.string().optional().describe('account code for the call records'),
  variables: variables
    .default({})
    .describe(
      'channel variables; with `__` before the name also for the channels that the dialplan dials. `SLUICE_CALL`, the id of the call in Sluice, is always among them',
    ),
};

/** Returns the input schema of an action that begins calls: the common fields and those of `shape`. */
export function outgoing<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject({ ...where, ...shape }).refine(
    (input) => {
      const { context, application } = input as { context?: string; application?: string };
      return (context === undefined) !== (application === undefined);
    },
    { error: 'set either `context` or `application`', path: ['context'] },
  );
}

type Outgoing = z.output<z.ZodObject<typeof where>>;

/** The channel of a call, and the called number of `dial`. */
interface Order {
  /** Channel to ring first. */
  readonly channel: string;
  /** Uniqueid of that channel. */
  readonly id: string;
  readonly number?: string;
}

/**
 * Returns an asynchronous `Originate`. The dialplan and the call records identify the call by `SLUICE_CALL`. The
 * `OriginateResponse` of a call that rang nobody has no Uniqueid in some versions, so the ActionID is the same text.
 */
export function outgoingAction(input: Outgoing, call: string, { channel, id, number }: Order): AmiAction {
  const { context, exten, priority, application, data, callerId, ring, account } = input;
  const target =
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
    Variable: assignments({ ...input.variables, __SLUICE_CALL: call, ...target }),
    Async: true,
  };
}
