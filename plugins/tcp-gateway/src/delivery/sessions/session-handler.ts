import {
  isSluiceError,
  parseBody,
  refuseEncoded,
  sourceOf,
  type Accept,
  type Log,
  type NewEvent,
  type Reply,
  type Services,
  viewError,
  writeBody,
} from '@sluice/plugin-api';
import { Semaphore } from '@sluice/runtime';
import { gatewayFail } from '../../failures.js';
import { checkNames, checkWorkplace } from '../../names.js';
import type { Bearer, Credentials, StompHandler, SentMessage, Session, Subscription } from '../../server/stomp-handler.js';
import { encodeMessage } from '../../stomp/message.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { JSON_TYPE } from '../mailbox/mailbox-event.js';
import type { Presence } from './presence.js';
import type { Readers } from './mailbox-readers.js';
import type { Topics } from './topic-subscriptions.js';
import type { Waits } from './waiting-runs.js';

/** Whoever asks has given up by then. */
const REPLY_WITHIN_MS = 120_000;
/**
 * Events of clients that are on their way to the broker at once. More of them would be confirmed no sooner, and too late for a publish to
 * wait for: their sessions would end. So they stand in line, and a session with many of them is not read meanwhile.
 */
const MAX_CONCURRENT_PUBLISHES = 500;
/** A mail that was rejected so often is given up. */
const MAX_REJECTIONS = 5;

export interface SessionHandlerDeps {
  readonly services: Pick<Services, 'tokens' | 'publish' | 'isTaken'>;
  readonly mailbox: Mailbox;
  readonly presence: Presence;
  readonly readers: Readers;
  readonly topics: Topics;
  readonly waits: Waits;
  /** Flows that clients may call, by name. */
  readonly flows: ReadonlyMap<string, Accept>;
  readonly log: Log;
}

/** What the STOMP server asks of the gateway. */
export class SessionHandler implements StompHandler {
  /** End the watch over the tokens of the sessions that are open. */
  readonly #watches = new WeakMap<Session, () => void>();
  readonly #publishing = new Semaphore(MAX_CONCURRENT_PUBLISHES);

  constructor(private readonly deps: SessionHandlerDeps) {}

  async authenticate({ login, passcode, workplace }: Credentials): Promise<Bearer> {
    const { tokens } = this.deps.services;
    const bearer = await tokens.verify(passcode);
    tokens.requireScope(bearer, 'desktop');
    if (login !== '' && login !== bearer.sub && login !== bearer.user)
      throw gatewayFail.GATEWAY_LOGIN(`the token is of ${bearer.user}, and the login of another user`);
    checkNames(bearer, workplace);
    if (workplace !== undefined) checkWorkplace(bearer, workplace);
    else if (bearer.workplaces)
      throw gatewayFail.GATEWAY_WORKPLACE(
        `the token of ${bearer.user} allows certain workplaces only, and the client names none`,
      );
    return bearer;
  }

  sessionOpened(session: Session): void {
    const { mailbox, presence, services } = this.deps;
    const revoked = () => session.close(gatewayFail.GATEWAY_TOKEN_REVOKED('the token has been revoked'));
    this.#watches.set(session, services.tokens.onRevoked(session.bearer, revoked));
    mailbox.seen(session.bearer, session.workplace);
    const sessions = presence.enter(session);
    if (sessions === 1) this.#tell('user.connected', session, sessions);
  }

  sessionClosed(session: Session): void {
    const { readers, topics, presence } = this.deps;
    this.#watches.get(session)?.();
    readers.forget(session);
    topics.forget(session);
    const sessions = presence.leave(session);
    if (sessions === 0) this.#tell('user.disconnected', session, sessions);
  }

  subscribeUser(subscription: Subscription): Promise<void> {
    return this.deps.readers.add(subscription);
  }

  subscribeTopic(subscription: Subscription, topic: string): void {
    this.deps.services.tokens.requireTopic(subscription.session.bearer, topic);
    this.deps.topics.add(topic, subscription);
  }

  unsubscribeUser(subscription: Subscription): void {
    this.deps.readers.remove(subscription);
  }

  unsubscribeTopic(subscription: Subscription, topic: string): void {
    this.deps.topics.remove(topic, subscription);
  }

  acknowledge(session: Session, seqs: readonly number[]): Promise<void> {
    const { readers, mailbox } = this.deps;
    const own = readers.of(session);
    const awaited = [...new Set(own.flatMap((reader) => reader.awaited(seqs)))];
    for (const reader of own) reader.answered(seqs);
    const { user } = session.bearer;
    const places = seqs.map((seq) => ({ user, seq }));
    if (awaited.length === 0) return mailbox.acknowledge(places);
    return this.#endWaits(session, awaited).then(() => mailbox.acknowledge(places));
  }

  /** The runs go on first: when the broker is away the event is not acknowledged either, and comes again. */
  async #endWaits(session: Session, ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.deps.waits.end(session, id, 'shown')));
  }

  answer(session: Session, id: string, message: SentMessage): Promise<void> {
    return this.deps.waits.end(session, id, 'reply', eventOf(message).data ?? null);
  }

  async reject(subscription: Subscription, seqs: readonly number[]): Promise<void> {
    const { mailbox, readers, services } = this.deps;
    const { session } = subscription;
    const { user } = session.bearer;
    const places = seqs.map((seq) => ({ user, seq }));
    const times = await mailbox.reject(places);
    const isLast = (n: number) => (times[n] ?? 0) >= MAX_REJECTIONS;
    readers.at(subscription)?.rejected(seqs.filter((_, n) => !isLast(n)));
    const hopeless = places.filter((_, n) => isLast(n));
    if (hopeless.length === 0) return;
    for (const reader of readers.of(session)) reader.settle(hopeless.map(({ seq }) => seq));
    for (const { content } of await mailbox.again(hopeless)) {
      const data = { user, id: content.id, event: content.headers['event'], times: MAX_REJECTIONS };
      // confirmed before the mail goes
      await services.publish({ type: 'mailbox.rejected', subject: user, data });
    }
    await mailbox.acknowledge(hopeless);
  }

  async publish({ bearer }: Session, type: string, message: SentMessage): Promise<void> {
    const event = { ...eventOf(message), type };
    await this.#publishing.run(() => this.deps.services.publish(event, bearer));
  }

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
    const options = replyTo === undefined ? {} : { reply: { withinMs: REPLY_WITHIN_MS } };
    const { id, reply } = await this.#publishing.run(() => accept(event, options));
    if (!reply || replyTo === undefined) return;
    const correlation = message.headers.get('correlation-id') ?? id;
    void reply.catch(lateReply).then((answer) => session.reply(replyMessage(replyTo, correlation, id, answer)));
  }

  drained(session: Session): void {
    for (const reader of this.deps.readers.of(session)) reader.drained();
  }

  /** Presence is soft: when the broker is away the event is not made up for, and for nobody it is not kept. */
  #tell(type: 'user.connected' | 'user.disconnected', session: Session, sessions: number): void {
    const { bearer, workplace, id } = session;
    if (!this.deps.services.isTaken(type)) return;
    const data = {
      user: bearer.user,
      session: id,
      sessions,
      ...(workplace !== undefined && { workplace }),
      ...(bearer.extension !== undefined && { extension: bearer.extension }),
    };
    this.deps.services
      .publish({ type, subject: bearer.user, data })
      .catch((error: unknown) =>
        this.deps.log.warn(`${type} could not be published`, { user: bearer.user, reason: String(error) }),
      );
  }
}

/** A SEND frame as an event. Throws `BODY_INVALID` or `MEDIA_TYPE`. */
function eventOf({ headers, body }: SentMessage): NewEvent {
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
  const { status, contentType, body } = written(reply);
  return encodeMessage({
    destination,
    id,
    ...(contentType !== undefined && { contentType }),
    headers: { 'correlation-id': correlation, status: String(status) },
    body,
  });
}

/** The body of a reply; a reply that its content type cannot carry is the mistake of the flow, and the client gets the status 500. */
function written({ status, headers, data }: Reply): { status: number; contentType?: string; body: Buffer } {
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
  return { status: 504, headers: {}, data: { code, message: 'the flow has not answered in time; its run goes on' } };
}
