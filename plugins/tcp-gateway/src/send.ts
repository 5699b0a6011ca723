import { action, derivedId, duration, isEventType, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import type { Content, Target } from './delivery/mailbox/mailbox-event.js';
import type { WaitKind } from './delivery/mailbox/mailbox.js';
import type { DeliveryOptions } from './delivery/dispatch/event-dispatcher.js';
import { WAIT_HEADER } from './delivery/sessions/waiting-runs.js';
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
    z.strictObject({ all: z.literal(true) }),
  ])
  .describe('receivers');

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
    /** Number of its users that are connected. With `offline: drop`: sessions of this host, or 1 if the user is connected to any host. */
    online: z.number(),
    /** With `waitFor: shown` and `reply`: workplace at which that happened, if the client has named it. */
    workplace: z.string().optional(),
    /** With `waitFor: reply`: data of the answer. */
    answer: z.unknown().optional(),
  }),
  // the id is the same in every attempt, and a mailbox stores an id once
  idempotent: 'by-key',
  async run(gateway: Gateway, { to: named, event, data, offline, expires, waitFor, spread = 0 }, call) {
    const target: Target = 'user' in named ? { user: gateway.fullName(named.user) } : named;
    const content = contentOf(call, event, data, {
      ...(expires !== undefined && { expires: String(gateway.now() + expires) }),
      ...(waitFor !== 'sent' && { [WAIT_HEADER]: waitFor }),
      ...(waitFor === 'reply' && { 'reply-to': `/answers/${idOf(call)}` }),
    });
    const wait = waitFor === 'sent' ? undefined : waitOf(waitFor, call, offline === 'drop');
    if (offline === 'drop') return { id: content.id, ...gateway.dispatcher.broadcast({ to: target, content, spreadMs: spread }) };
    const keepForMs = Math.min(offline.keepFor ?? gateway.keepForMs, expires ?? Number.POSITIVE_INFINITY);
    const { collapseKey } = offline;
    const keeping = { keepForMs, ...(collapseKey !== undefined && { collapseKey }), ...(wait && { wait }) };
    return { id: content.id, ...(await gateway.dispatcher.enqueue(target, content, keeping, spread)) };
  },
});

/** Deadline of a step without a timeout: the latest time that a Date can represent. */
const NEVER_MS = 8.64e15;

/** Suspends the call and returns the wait. Throws `GATEWAY_WAIT` if no event would end the wait. */
function waitOf(kind: WaitKind, call: Call, dropped: boolean): DeliveryOptions['wait'] {
  const until = call.deadline.getTime();
  if (dropped) throw gatewayFail.GATEWAY_WAIT('a step cannot wait for an event that is not kept', { sent: 'no' });
  if (until >= NEVER_MS || !call.suspend) throw gatewayFail.GATEWAY_WAIT('the step has no timeout', { sent: 'no' });
  return { kind, token: call.suspend(), until };
}

function idOf(call: Call): string {
  const [run = '', ...path] = call.id.split('/');
  return derivedId(run, ...path);
}

/** Returns the event in the form that clients receive. Its id is derived from the step, so a repeated step has the same id. */
export function contentOf(call: Call, event: string, data: unknown, headers: Readonly<Record<string, string>> = {}): Content {
  return {
    id: idOf(call),
    headers: { event, 'correlation-id': call.correlationid, ...headers },
    body: data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)),
  };
}
