import type { Accept, Log, Services } from '@sluice/plugin-api';
import { gatewayFail } from '../../failures.js';
import { checkNames, checkWorkplace } from '../../names.js';
import type { Bearer, Credentials, SentMessage, Session, StompHandler, Subscription } from '../../server/stomp-handler.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { Acknowledgements } from './acknowledgements.js';
import { ClientEvents, eventOf } from './client-events.js';
import type { MailboxReaders } from './mailbox-readers.js';
import type { PluginDestinations } from './plugin-destinations.js';
import type { Presence } from './presence.js';
import type { SubscriptionTable } from './subscription-table.js';
import type { WaitingRuns } from './waiting-runs.js';

export interface SessionHandlerDeps {
  readonly services: Pick<Services, 'tokens' | 'publish' | 'isTaken'>;
  readonly mailbox: Mailbox;
  readonly presence: Presence;
  readonly readers: MailboxReaders;
  readonly topics: SubscriptionTable;
  readonly destinations: PluginDestinations;
  readonly waitingRuns: WaitingRuns;
  /** Flows that clients may call, by name. */
  readonly flows: ReadonlyMap<string, Accept>;
  readonly log: Log;
}

/** Handles the frames of desktop sessions: passes each frame to the responsible part of the gateway. */
export class SessionHandler implements StompHandler {
  /** For each open session, the function that stops watching for a revocation of its token. */
  readonly #watches = new WeakMap<Session, () => void>();
  readonly #acknowledgements: Acknowledgements;
  readonly #events: ClientEvents;

  constructor(private readonly deps: SessionHandlerDeps) {
    this.#acknowledgements = new Acknowledgements(deps);
    this.#events = new ClientEvents(deps);
  }

  async authenticate({ login, passcode, workplace }: Credentials): Promise<Bearer> {
    const { tokens } = this.deps.services;
    const bearer = await tokens.verify(passcode);
    tokens.requireScope(bearer, 'desktop');
    if (login !== '' && login !== bearer.sub && login !== bearer.user)
      throw gatewayFail.GATEWAY_LOGIN(`the token belongs to ${bearer.user}, and the login names another user`);
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
    mailbox.recordLogin(session.bearer, session.workplace);
    const sessions = presence.add(session);
    if (sessions === 1) this.#publishPresence('user.connected', session, sessions);
  }

  sessionClosed(session: Session): void {
    const { readers, topics, destinations, presence } = this.deps;
    this.#watches.get(session)?.();
    readers.removeSession(session);
    topics.removeSession(session);
    destinations.removeSession(session);
    const sessions = presence.remove(session);
    if (sessions === 0) this.#publishPresence('user.disconnected', session, sessions);
  }

  subscribeUser(subscription: Subscription): Promise<void> {
    return this.deps.readers.add(subscription);
  }

  subscribeTopic(subscription: Subscription, topic: string): void {
    this.deps.services.tokens.requireTopic(subscription.session.bearer, topic);
    this.deps.topics.add(topic, subscription);
  }

  hasDestination(destination: string): boolean {
    return this.deps.destinations.has(destination);
  }

  subscribeDestination(subscription: Subscription, destination: string): Promise<void> {
    return this.deps.destinations.subscribe(subscription, destination);
  }

  unsubscribeUser(subscription: Subscription): void {
    this.deps.readers.remove(subscription);
  }

  unsubscribeTopic(subscription: Subscription, topic: string): void {
    this.deps.topics.remove(topic, subscription);
  }

  unsubscribeDestination(subscription: Subscription, destination: string): void {
    this.deps.destinations.unsubscribe(subscription, destination);
  }

  acknowledge(session: Session, seqs: readonly number[]): Promise<void> {
    return this.#acknowledgements.acknowledge(session, seqs);
  }

  reject(subscription: Subscription, seqs: readonly number[]): Promise<void> {
    return this.#acknowledgements.reject(subscription, seqs);
  }

  publish(session: Session, type: string, message: SentMessage): Promise<void> {
    return this.#events.publish(session, type, message);
  }

  callFlow(session: Session, flow: string, message: SentMessage, replyTo: string | undefined): Promise<void> {
    return this.#events.callFlow(session, flow, message, replyTo);
  }

  async answer(session: Session, id: string, message: SentMessage): Promise<void> {
    await this.deps.waitingRuns.resume(session, id, 'reply', eventOf(message).data ?? null);
  }

  send(session: Session, destination: string, message: SentMessage): Promise<void> {
    return this.deps.destinations.receive(session, destination, message);
  }

  drained(session: Session): void {
    for (const reader of this.deps.readers.of(session)) reader.drained();
  }

  /** Publishes an event about presence if a flow or a module takes it. A failed publish is not repeated, because presence may be lost. */
  #publishPresence(type: 'user.connected' | 'user.disconnected', session: Session, sessions: number): void {
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
