import {
  action,
  derivedId,
  duration,
  isEventType,
  type Call,
  type DesktopDeliveryOptions,
  type DesktopEvent,
} from '@sluice/plugin-api';
import { z } from 'zod';
import { gatewayFail } from './failures.js';
import type { Gateway } from './gateway.js';
import { isName, MAX_NAME_LENGTH } from './names.js';

const name = z.string().min(1).max(MAX_NAME_LENGTH).refine(isName, 'a name contains no control characters');

const to = z
  .union([
    z.strictObject({
      user: name.describe('`sub` of the token; <issuer>/<sub> when several issuers may grant the scope desktop'),
    }),
    z.strictObject({ extension: name.describe('telephone extension in the token') }),
    z.strictObject({ group: name.describe('one of the groups in the token') }),
    z.strictObject({ workplace: name.describe('`client-id` of the client: reaches its last user, at this workplace only') }),
    z.strictObject({ all: z.literal(true).describe('all users') }),
  ])
  .describe('receivers: one of the keys below');

const kept = z.strictObject({
  keepFor: duration().optional().describe('how long it waits for an absent user; default `mailbox.keepFor` of the connection'),
  collapseKey: name
    .optional()
    .describe('the event replaces a waiting event of the user with the same key: for states, of which only the newest matters'),
});

export const eventType = z.string().refine(isEventType, 'an event type is words of letters, digits, _ and - joined by dots');

export const send = action({
  title: 'Send an event to desktop users',
  input: z.strictObject({
    to,
    event: eventType.describe('header `event` of the message, by which the client selects its handler'),
    data: z.unknown().optional().describe('its body, as JSON'),
    offline: z
      .union([z.literal('drop'), kept])
      .prefault({})
      .describe(
        '`drop`: only sessions that are connected now receive it, at most once. Otherwise it is kept until the client acknowledges it',
      ),
    expires: duration()
      .optional()
      .describe('the event is not delivered after this time; the client receives the time in the header `expires`'),
    waitFor: z
      .enum(['sent', 'shown', 'reply'])
      .default('sent')
      .describe(
        '`shown`: the run waits until the client has acknowledged it. `reply`: until the user answers. The step needs a timeout',
      ),
    spread: duration().optional().describe('the receivers receive it one after another within this time'),
  }),
  output: z.object({
    id: z.string(),
    /** Number of mailboxes that contain the event; 0 with `offline: drop`. */
    kept: z.number(),
    /** Number of receivers that are connected. With `offline: drop` only `to: { user }` counts users of other hosts. */
    online: z.number(),
    /** With `waitFor: shown` and `reply`: workplace of the client that has acknowledged or answered, if the client has named it. */
    workplace: z.string().optional(),
    /** With `waitFor: reply`: data of the answer. */
    answer: z.unknown().optional(),
  }),
  // every attempt has the same id, and a mailbox stores an id once
  idempotent: 'by-key',
  async run(gateway: Gateway, { to, event, data, offline, expires, waitFor, spread }, call) {
    const options: DesktopDeliveryOptions = {
      offline: offline === 'drop' ? 'drop' : keepOptions(offline),
      ...(expires !== undefined && { expiresInMs: expires }),
      ...(spread !== undefined && { spreadMs: spread }),
      ...(waitFor !== 'sent' && { wait: waitOf(waitFor, call, offline === 'drop') }),
    };
    const content = eventFor(call, event, data);
    return { id: content.id, ...(await gateway.deliver([to], content, options)) };
  },
});

function keepOptions({
  keepFor,
  collapseKey,
}: z.output<typeof kept>): Exclude<DesktopDeliveryOptions['offline'], 'drop' | undefined> {
  return { ...(keepFor !== undefined && { keepForMs: keepFor }), ...(collapseKey !== undefined && { collapseKey }) };
}

/** The deadline of a step without a timeout: the latest time that a Date can represent. */
const NEVER_MS = 8.64e15;

/** Suspends the call and returns its wait. Throws `GATEWAY_WAIT` when the event is not kept, or when the step has no timeout. */
function waitOf(kind: 'shown' | 'reply', call: Call, dropped: boolean): NonNullable<DesktopDeliveryOptions['wait']> {
  const { deadline } = call;
  if (dropped) throw gatewayFail.GATEWAY_WAIT('a step cannot wait for an event that is not kept', { sent: 'no' });
  if (deadline.getTime() >= NEVER_MS || !call.suspend) throw gatewayFail.GATEWAY_WAIT('the step has no timeout', { sent: 'no' });
  return { for: kind, token: call.suspend(), deadline };
}

/** Returns the event of a step. Its id is derived from the step, so that a repeat of the step has the same id. */
export function eventFor(call: Call, event: string, data: unknown): DesktopEvent {
  const [run = '', ...path] = call.id.split('/');
  return { id: derivedId(run, ...path), event, data, correlationid: call.correlationid };
}
