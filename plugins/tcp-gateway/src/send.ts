import { action, derivedId, duration, isEventType, type Call } from '@sluice/plugin-api';
import { z } from 'zod';
import type { Content, Target } from './delivery/mail.js';
import type { Gateway } from './gateway.js';

const name = z.string().min(1).max(200);

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
    spread: duration().optional().describe('the receivers get it one after another within this time'),
  }),
  output: z.object({
    id: z.string(),
    /** Mailboxes into which it was put; 0 with `offline: drop`. */
    kept: z.number(),
    /** Of its users, those that are connected now. With `offline: drop`: sessions of this host, or whether the user is connected anywhere. */
    online: z.number(),
  }),
  // the id is the same in every attempt, and a mailbox takes it once
  idempotent: 'by-key',
  async run(gateway: Gateway, { to: named, event, data, offline, expires, spread = 0 }, call) {
    const target: Target = 'user' in named ? { user: gateway.fullName(named.user) } : named;
    const content = contentOf(call, event, data, expires === undefined ? undefined : gateway.now() + expires);
    if (offline === 'drop') return { id: content.id, ...gateway.postman.cast({ to: target, content, spreadMs: spread }) };
    const keepForMs = Math.min(offline.keepFor ?? gateway.keepForMs, expires ?? Number.POSITIVE_INFINITY);
    const { collapseKey } = offline;
    const keeping = { keepForMs, ...(collapseKey !== undefined && { collapseKey }) };
    return { id: content.id, ...(await gateway.postman.keep(target, content, keeping, spread)) };
  },
});

/** The event as clients get it. Its id is derived from the step, so that a repeat brings the same one. */
export function contentOf(call: Call, event: string, data: unknown, expiresAt?: number): Content {
  const [run = '', ...path] = call.id.split('/');
  return {
    id: derivedId(run, ...path),
    headers: { event, 'correlation-id': call.correlationid, ...(expiresAt !== undefined && { expires: String(expiresAt) }) },
    body: data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)),
  };
}
