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
import { aborted } from '@sluice/runtime';
import { z } from 'zod';
import { bodySchema, checkerOf } from './body-schema.js';
import { http } from './failures.js';
import { hasSecret, isSigned, sharedSecret, signature, signedId } from './signature.js';

const body = failures(BODY_CODES);

const DEFAULT_SCOPE = 'events:write';
/** Methods without a body. The signature covers only the body, so it would protect nothing in such a request. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'DELETE']);
const MAX_ID_LENGTH = 200; // bytes; the limit for the id of any event

const options = z
  .strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST').describe('HTTP method of the requests'),
    path: z
      .string()
      .regex(/^\/in(\/([A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9]*\}))+$/, 'must begin with /in/; a segment is a word or {name}')
      .refine(hasDistinctParameters, 'two segments have one name: rename one of the two')
      .describe('begins with `/in/`; `{name}` stands for one segment, whose percent-decoded value is `trigger.meta.params.name`'),
    scope: z.string().min(1).optional().describe(`the scope that the sender's token needs; \`${DEFAULT_SCOPE}\` when absent`),
    body: bodySchema
      .optional()
      .describe(
        'JSON Schema (2020-12) of the data; a request that does not match gets 400. Formats are not checked, patterns are tried on texts of up to 10 KiB',
      ),
    accepts: z
      .array(z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'such as application/xml'))
      .min(1)
      .optional()
      .describe('accepted content types; a request with another one gets 415'),
    limit: size().optional().describe('maximum size of the body, a larger one gets 413; `settings.limits.event` when absent'),
    signature: signature
      .optional()
      .describe(
        'HMAC of the body by the sender, in place of a token; for POST, PUT and PATCH only. Path, query and headers are not signed',
      ),
    sharedSecret: sharedSecret
      .optional()
      .describe(
        'a secret in a header, in place of a token, of senders that neither sign nor send `Authorization`. The flow does not see it',
      ),
    respond: z
      .enum(['accepted', 'reply'])
      .default('accepted')
      .describe('`accepted`: 202 once the broker has confirmed the event. `reply`: the reply of the flow'),
    wait: duration().prefault('30s').describe('maximum time that `respond: reply` waits for the flow'),
  })
  .refine((given) => given.signature === undefined || given.scope === undefined, {
    error: 'a sender that signs has no token: remove `scope` or `signature`',
    path: ['scope'],
  })
  .refine((given) => given.signature === undefined || !WITHOUT_BODY.has(given.method), {
    error: 'the signature covers the body, and such a request has no body: remove `signature`, or use POST, PUT or PATCH',
    path: ['signature'],
  })
  .refine((given) => given.sharedSecret === undefined || (given.scope === undefined && given.signature === undefined), {
    error: 'a sender proves itself in one way: remove `scope` and `signature`, or `sharedSecret`',
    path: ['sharedSecret'],
  });

function hasDistinctParameters(path: string): boolean {
  const names = path.match(/\{\w+\}/g) ?? [];
  return new Set(names).size === names.length;
}

const meta = z.object({
  method: z.string(),
  path: z.string(),
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  headers: z.record(z.string(), z.string()),
});

type Meta = z.input<typeof meta>;

/** Serves an HTTP endpoint under `/in/`. Each request becomes one event and is answered after the broker has confirmed the event. */
export const endpoint = hostTrigger({
  title: 'An HTTP request has arrived',
  options,
  output: z.unknown(),
  meta,
  route: ({ method, path }) => ({ method, path }),
  async listen(routes, given, accept: Accept<unknown, Meta>, signal, clock) {
    const check = given.body && checkerOf(given.body);
    const route = {
      method: given.method,
      path: given.path,
      scope: given.signature || given.sharedSecret ? (false as const) : (given.scope ?? DEFAULT_SCOPE),
      ...(given.limit !== undefined && { limit: given.limit }),
    };
    const close = routes.http(route, async (received) => {
      if (given.sharedSecret && !hasSecret(given.sharedSecret, received.headers))
        throw http.HTTP_SIGNATURE('the shared secret is missing or wrong', { sent: 'no' });
      const request = given.sharedSecret ? withoutHeader(received, given.sharedSecret.header) : received;
      if (given.signature && !isSigned(given.signature, request.headers, request.body, clock.now()))
        throw http.HTTP_SIGNATURE('the signature is missing or wrong', { sent: 'no' });
      const id = given.signature ? signedId(given.signature, request.body) : idOf(request);
      if (id !== undefined && Buffer.byteLength(id) > MAX_ID_LENGTH)
        throw http.HTTP_ID(`Idempotency-Key or ce-id is longer than ${MAX_ID_LENGTH} bytes`, { sent: 'no' });
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

function withoutHeader(request: HttpRequest, name: string): HttpRequest {
  const others = Object.entries(request.headers).filter(([header]) => header !== name.toLowerCase());
  return { ...request, headers: Object.fromEntries(others) };
}

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

/** Returns the data of a request: the query of a GET, the parsed body of the other methods, together with the bytes as received. */
function contentOf(
  { method, query, contentType, body: bytes }: HttpRequest,
  accepts: readonly string[] | undefined,
): Pick<NewEvent, 'data' | 'body' | 'datacontenttype'> {
  if (method === 'GET') return { data: query };
  if (bytes.length === 0) return { data: undefined };
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (accepts && !accepts.some((accepted) => accepted.toLowerCase() === type)) {
    throw body.MEDIA_TYPE(`this endpoint accepts ${accepts.join(', ')}, not ${type || 'a body without Content-Type'}`, {
      sent: 'no',
    });
  }
  return { data: parseBody(contentType, bytes), body: bytes, datacontenttype: contentType };
}

/** Returns the id that the sender has chosen, if any: with it a repeated request becomes the same event. */
function idOf({ headers }: HttpRequest): string | undefined {
  return headers['ce-id'] || headers['idempotency-key'] || undefined;
}
