import {
  BODY_CODES,
  duration,
  failures,
  hostTrigger,
  isSluiceError,
  parseBody,
  size,
  type Accept,
  type HttpRequest,
  type NewEvent,
  type Reply,
} from '@sluice/plugin-api';
import { z } from 'zod';
import { bodySchema, checkerOf } from './body-schema.js';
import { http } from './failures.js';
import { isSigned, signature, signedId } from './signature.js';

const body = failures(BODY_CODES);

const DEFAULT_SCOPE = 'events:write';
/** Methods without a body: a signature, which is of the body, would protect nothing. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'DELETE']);
const LONGEST_ID = 200; // bytes, of any event's id

const options = z
  .strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    path: z
      .string()
      .regex(/^\/in(\/([A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9]*\}))+$/, 'begins with /in/; a segment is a word or {name}')
      .describe('such as /in/orders or /in/exchange/{node}'),
    scope: z.string().min(1).optional().describe(`the scope that the sender's token needs; \`${DEFAULT_SCOPE}\` when absent`),
    body: bodySchema.optional().describe('JSON Schema (2020-12) of the data; what does not fit is answered 400'),
    accepts: z
      .array(z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'such as application/xml'))
      .min(1)
      .optional()
      .describe('content types; others are answered 415'),
    limit: size().optional().describe('largest body; settings.limits.event when absent'),
    signature: signature
      .optional()
      .describe('HMAC of the body by the sender; no token is asked for then. Path, query and headers are not signed'),
    respond: z
      .enum(['accepted', 'reply'])
      .default('accepted')
      .describe('`accepted`: 202 as soon as the event is safe. `reply`: what the flow replies'),
    wait: duration().prefault('30s').describe('how long `respond: reply` waits'),
  })
  .refine((given) => given.signature === undefined || given.scope === undefined, {
    error: 'a signed sender has no token: leave out `scope` or `signature`',
    path: ['scope'],
  })
  .refine((given) => given.signature === undefined || !WITHOUT_BODY.has(given.method), {
    error: 'the signature is of the body, and such a request has none: leave out `signature`, or use POST, PUT or PATCH',
    path: ['signature'],
  });

const meta = z.object({
  method: z.string(),
  path: z.string(),
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  headers: z.record(z.string(), z.string()),
});

type Meta = z.input<typeof meta>;

/** An HTTP endpoint under `/in/`. Each request is one event; the answer comes after the broker's confirm. */
export const endpoint = hostTrigger({
  title: 'A request has come in',
  options,
  output: z.unknown(),
  meta,
  async listen(doors, given, accept: Accept<unknown, Meta>, signal) {
    const check = given.body && checkerOf(given.body);
    const route = {
      method: given.method,
      path: given.path,
      scope: given.signature ? (false as const) : (given.scope ?? DEFAULT_SCOPE),
      ...(given.limit !== undefined && { limit: given.limit }),
    };
    const close = doors.http(route, async (request) => {
      if (given.signature && !isSigned(given.signature, request.headers, request.body))
        throw http.HTTP_SIGNATURE('the signature is missing or wrong', { sent: 'no' });
      const id = given.signature ? signedId(given.signature, request.body) : idOf(request);
      if (id !== undefined && Buffer.byteLength(id) > LONGEST_ID)
        throw http.HTTP_ID(`Idempotency-Key or ce-id is longer than ${LONGEST_ID} bytes`, { sent: 'no' });
      const event = eventOf(request, id, given.accepts);
      check?.(event.data);
      return given.respond === 'reply' ? replyOf(accept, event, given.wait) : acceptedOf(accept, event);
    });
    try {
      await aborted(signal);
    } finally {
      close();
    }
  },
});

async function acceptedOf(accept: Accept<unknown, Meta>, event: NewEvent<unknown, Meta>): Promise<Reply> {
  const { id } = await accept(event);
  return { status: 202, headers: {}, data: { id } };
}

async function replyOf(accept: Accept<unknown, Meta>, event: NewEvent<unknown, Meta>, withinMs: number): Promise<Reply> {
  const { id, reply } = await accept(event, { reply: { withinMs } });
  try {
    return (await reply) ?? { status: 204, headers: {} };
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'REPLY_LATE') throw error;
    return { status: 504, headers: {}, data: { id, code: error.code, message: error.message } };
  }
}

function eventOf(request: HttpRequest, id: string | undefined, accepts: readonly string[] | undefined): NewEvent<unknown, Meta> {
  const { method, path, params, query, headers, authid, source } = request;
  return {
    meta: { method, path, params, query, headers },
    ...(id !== undefined && { id }),
    ...(authid !== undefined && { authid }),
    ...(source !== undefined && { source }),
    ...contentOf(request, accepts),
  };
}

/** What a request says: its body, as it came; a GET says it in its query. */
function contentOf(
  { method, query, contentType, body: bytes }: HttpRequest,
  accepts: readonly string[] | undefined,
): Pick<NewEvent, 'data' | 'body' | 'datacontenttype'> {
  if (method === 'GET') return { data: query };
  if (bytes.length === 0) return { data: undefined };
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (accepts && !accepts.some((accepted) => accepted.toLowerCase() === type)) {
    throw body.MEDIA_TYPE(`this endpoint takes ${accepts.join(', ')}, not ${type || 'a body without Content-Type'}`, {
      sent: 'no',
    });
  }
  return { data: parseBody(contentType, bytes), body: bytes, datacontenttype: contentType };
}

/** The sender's own id makes a request that it repeats the same event. */
function idOf({ headers }: HttpRequest): string | undefined {
  return headers['ce-id'] || headers['idempotency-key'] || undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
