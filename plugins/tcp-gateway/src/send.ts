import { action, derivedId, duration, isEventType, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import type { Content, Target } from './delivery/mailbox/mailbox-event.js';
import type { WaitKind } from './delivery/mailbox/mailbox.js';
import type { DeliveryOptions } from './delivery/dispatch/event-dispatcher.js';
import { WAIT_HEADER } from './delivery/sessions/waiting-runs.js';
import { gatewayFail } from './failures.js';
import type { Gateway } from './gateway.js';
import { isName, MAX_NAME_LENGTH } from './names.js';

const name = z.string().min(1).max(MAX_NAME_LENGTH).refine(isName, 'a name holds no control characters');

const to = z
  .union([
    z.strictObject({ user: name.describe('`sub` of the token; <issuer>/<sub> when several issuers may give the scope desktop') }),
    z.strictObject({ extension: name.describe('telephone extension in the token') }),
    z.strictObject({ group: name.describe('one of the groups in the token') }),
    z.strictObject({ workplace: name.describe('`client-id` of the client: its user, there and nowhere else') }),
    z.strictObject({ all: z.literal(true) }),
  ])
  .describe('who gets it');

const kept = z.strictObject({
  keepFor: duration()
    .optional()
    .describe('how long it waits for a user who is not there; `mailbox.keepFor` of the connection when left out'),
  collapseKey: name.optional().describe('replaces what waits for the user under the same key: a state is sent, not its history'),
});

export const eventType = z.string().refine(isEventType, 'an event type is words of letters, digits, _ and - joined by dots');

export const send = action({
  title: 'Send an event to desktop users',
  input: z.strictObject({
    to,
    event: eventType.describe('header `event` of the message, by which the client knows what it is'),
    data: z.unknown().optional().describe('its body, as JSON'),
    offline: z
      .union([z.literal('drop'), kept])
      .prefault({})
      .describe('`drop`: only to who is connected now, at most once. Otherwise it is kept until the client acknowledges it'),
    expires: duration()
      .optional()
      .describe('after this time it is not shown any more, connected or not; the client sees it in the header `expires`'),
    waitFor: z
      .enum(['sent', 'shown', 'reply'])
      .default('sent')
      .describe(
        '`shown`: the run waits until the client has acknowledged it. `reply`: until its user answers. The step needs a timeout',
      ),
    spread: duration().optional().describe('the receivers get it one after another within this time'),
  }),
  output: z.object({
    id: z.string(),
    /** Mailboxes into which it was put; 0 with `offline: drop`. */
    kept: z.number(),
    /** Of its users, those that are connected now. With `offline: drop`: sessions of this host, or whether the user is connected anywhere. */
    online: z.number(),
    /** With `waitFor: shown` and `reply`: where that was, when the client names its workplace. */
    workplace: z.string().optional(),
    /** With `waitFor: reply`: what the user answered. */
    answer: z.unknown().optional(),
  }),
  // the id is the same in every attempt, and a mailbox takes it once
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

/** The latest time that there is: a step without a timeout. */
const NEVER_MS = 8.64e15;

/** The call is suspended. Throws `GATEWAY_WAIT` when nothing would end the wait. */
function waitOf(kind: WaitKind, call: Call, dropped: boolean): DeliveryOptions['wait'] {
  const until = call.deadline.getTime();
  if (dropped) throw gatewayFail.GATEWAY_WAIT('an event that is not kept cannot be waited for', { sent: 'no' });
  if (until >= NEVER_MS || !call.suspend) throw gatewayFail.GATEWAY_WAIT('the step has no timeout', { sent: 'no' });
  return { kind, token: call.suspend(), until };
}

function idOf(call: Call): string {
  const [run = '', ...path] = call.id.split('/');
  return derivedId(run, ...path);
}

/** The event as clients get it. Its id is derived from the step, so that a repeat brings the same one. */
export function contentOf(call: Call, event: string, data: unknown, headers: Readonly<Record<string, string>> = {}): Content {
  return {
    id: idOf(call),
    headers: { event, 'correlation-id': call.correlationid, ...headers },
    body: data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)),
  };
}
