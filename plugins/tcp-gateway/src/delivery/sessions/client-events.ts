import {
  isSluiceError,
  parseBody,
  refuseEncoded,
  sourceOf,
  viewError,
  writeBody,
  type Accept,
  type NewEvent,
  type Reply,
  type Services,
} from '@sluice/plugin-api';
import { Semaphore } from '@sluice/runtime';
import { gatewayFail } from '../../failures.js';
import type { SentMessage, Session } from '../../server/stomp-handler.js';
import { encodeMessage } from '../../stomp/message-frame.js';
import { JSON_TYPE } from '../dispatch/event-message.js';

/** Maximum milliseconds for the reply of a flow to a client. */
const MAX_REPLY_MS = 120_000;
/**
 * Maximum events of clients that wait for a confirm of the broker at the same time. A higher limit would not make confirms faster, and a
 * publish that waits too long ends its session. Further events wait here, and the gateway stops reading from sessions with many such events.
 */
const MAX_CONCURRENT_PUBLISHES = 500;

export interface ClientEventsDeps {
  readonly services: Pick<Services, 'publish'>;
  /** Flows that clients may call, by name. */
  readonly flows: ReadonlyMap<string, Accept>;
}

/** SEND frames of desktop clients to `/events/<type>` and `/flows/<flow>`. */
export class ClientEvents {
  readonly #publishing = new Semaphore(MAX_CONCURRENT_PUBLISHES);

  constructor(private readonly deps: ClientEventsDeps) {}

  /** Publishes an event and resolves once the broker has confirmed it. */
  async publish({ bearer }: Session, type: string, message: SentMessage): Promise<void> {
    const event = { ...eventOf(message), type };
    await this.#publishing.run(() => this.deps.services.publish(event, bearer));
  }

  /** Calls a flow and resolves once the broker has confirmed its event. The reply of the flow is sent to the session later. */
  async callFlow(session: Session, flow: string, message: SentMessage, replyTo: string | undefined): Promise<void> {
    const accept = this.deps.flows.get(flow);
    if (!accept) throw gatewayFail.GATEWAY_FLOW(`no flow ${flow} can be called from desktops`);
    const { bearer, workplace } = session;
    const event: NewEvent = {
      ...eventOf(message),
      source: sourceOf(bearer),
      authid: bearer.sub,
      meta: {
        user: bearer.user,
        ...(workplace !== undefined && { workplace }),
        ...(bearer.extension !== undefined && { extension: bearer.extension }),
      },
    };
    const options = replyTo === undefined ? {} : { reply: { withinMs: MAX_REPLY_MS } };
    const { id, reply } = await this.#publishing.run(() => accept(event, options));
    if (!reply || replyTo === undefined) return;
    const correlation = message.headers.get('correlation-id') ?? id;
    void reply.catch(lateReply).then((answer) => session.reply(replyMessage(replyTo, correlation, id, answer)));
  }
}

/**
 * Returns a SEND frame as an event.
 *
 * @throws `BODY_INVALID` or `MEDIA_TYPE` when its body cannot be read.
 */
export function eventOf({ headers, body }: SentMessage): NewEvent {
  const contentType = headers.get('content-type') ?? (body.length > 0 ? JSON_TYPE : '');
  refuseEncoded(headers.get('content-encoding'));
  const [id, correlationid, subject] = ['id', 'correlation-id', 'subject'].map((name) => headers.get(name));
  return {
    data: parseBody(contentType, body),
    body,
    ...(body.length > 0 && { datacontenttype: contentType }),
    ...(id !== undefined && { id }),
    ...(correlationid !== undefined && { correlationid }),
    ...(subject !== undefined && { subject }),
  };
}

function replyMessage(destination: string, correlation: string, id: string, reply: Reply) {
  const { status, contentType, body } = encodedReply(reply);
  return encodeMessage({
    destination,
    id,
    ...(contentType !== undefined && { contentType }),
    headers: { 'correlation-id': correlation, status: String(status) },
    body,
  });
}

/** Returns the encoded reply. The status is 500 when its content type cannot represent the data, which is an error in the flow. */
function encodedReply({ status, headers, data }: Reply): { status: number; contentType?: string; body: Buffer } {
  if (data === undefined) return { status, body: Buffer.alloc(0) };
  const contentType = headers['content-type'] ?? JSON_TYPE;
  try {
    return { status, contentType, body: writeBody(contentType, data) };
  } catch (error) {
    const { code, message } = viewError(error);
    return { status: 500, contentType: JSON_TYPE, body: writeBody(JSON_TYPE, { code, message }) };
  }
}

function lateReply(error: unknown): Reply {
  const code = isSluiceError(error) ? error.code : 'REPLY_LATE';
  return { status: 504, headers: {}, data: { code, message: 'the flow has not answered in time; its run continues' } };
}
