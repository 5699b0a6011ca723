import { fail } from '@sluice/plugin-api';
import type {
  Bearer,
  CloseReason,
  Credentials,
  StompHandler,
  SentMessage,
  Session,
  Subscription,
} from '../../../src/server/stomp-handler.js';
import { encodeMessage } from '../../../src/stomp/message-frame.js';

const DAY = 86_400_000;

/** Accepts every client with the passcode `ok`, and records the calls of the server. */
export class FakeStompHandler implements StompHandler {
  readonly sessions: Session[] = [];
  readonly closedSessions: { readonly user: string; readonly reason: string }[] = [];
  readonly subscriptions: Subscription[] = [];
  readonly topics = new Map<string, Set<Subscription>>();
  readonly acknowledged: number[][] = [];
  readonly rejected: number[][] = [];
  readonly answers: { readonly id: string; readonly body: string }[] = [];
  readonly published: { readonly type: string; readonly body: string; readonly headers: ReadonlyMap<string, string> }[] = [];
  readonly calls: { readonly flow: string; readonly replyTo: string | undefined }[] = [];
  /** Messages to destinations of plugins. */
  readonly sent: { readonly destination: string; readonly body: string }[] = [];
  readonly unsubscribed: string[] = [];
  drains = 0;
  /** Every method awaits this promise before it resolves. */
  gate: Promise<void> = Promise.resolve();
  tokenLifeMs = DAY;
  maxConcurrent = 0;
  #authenticating = 0;

  async authenticate({ login, passcode }: Credentials): Promise<Bearer> {
    this.maxConcurrent = Math.max(this.maxConcurrent, ++this.#authenticating);
    await this.gate;
    this.#authenticating--;
    if (passcode === 'broken') throw new Error('a secret internal text');
    if (passcode !== 'ok') throw fail.UNAUTHORIZED('the token is not valid');
    return {
      user: `test/${login}`,
      issuer: 'test',
      sub: login,
      scopes: ['desktop'],
      groups: [],
      topics: ['*'],
      events: ['*'],
      expiresAt: Date.now() + this.tokenLifeMs,
    };
  }

  sessionOpened(session: Session): void {
    this.sessions.push(session);
  }

  sessionClosed(session: Session, reason: string): void {
    this.closedSessions.push({ user: session.bearer.user, reason });
  }

  async subscribeUser(subscription: Subscription): Promise<void> {
    this.subscriptions.push(subscription);
    await this.gate;
  }

  subscribeTopic(subscription: Subscription, topic: string): void {
    if (topic === 'forbidden') throw fail.REJECTED('this topic is not for you');
    const subscribers = this.topics.get(topic) ?? new Set();
    this.topics.set(topic, subscribers.add(subscription));
  }

  hasDestination(destination: string): boolean {
    return destination.startsWith('/chat/');
  }

  async subscribeDestination(_: Subscription, destination: string): Promise<void> {
    await this.gate;
    if (destination === '/chat/forbidden') throw fail.REJECTED('this chat is not for you');
  }

  unsubscribeDestination(_: Subscription, destination: string): void {
    this.unsubscribed.push(destination);
  }

  async send(_: Session, destination: string, { body }: SentMessage): Promise<void> {
    await this.gate;
    this.sent.push({ destination, body: body.toString() });
  }

  unsubscribeUser(): void {
    this.unsubscribed.push('user');
  }

  unsubscribeTopic(subscription: Subscription, topic: string): void {
    this.unsubscribed.push(topic);
    this.topics.get(topic)?.delete(subscription);
  }

  async acknowledge(_: Session, seqs: readonly number[]): Promise<void> {
    this.acknowledged.push([...seqs]);
    await this.gate;
  }

  async reject(_: Subscription, seqs: readonly number[]): Promise<void> {
    this.rejected.push([...seqs]);
    await this.gate;
  }

  async publish(_: Session, type: string, { body, headers }: SentMessage): Promise<void> {
    this.published.push({ type, body: body.toString(), headers });
    await this.gate;
    if (type === 'broken') throw new Error('a secret internal text');
  }

  async answer(_: Session, id: string, { body }: SentMessage): Promise<void> {
    this.answers.push({ id, body: body.toString() });
  }

  async callFlow(_: Session, flow: string, _message: SentMessage, replyTo: string | undefined): Promise<void> {
    this.calls.push({ flow, replyTo });
    await this.gate;
  }

  drained(): void {
    this.drains++;
  }

  /** Makes every method wait until the returned function is called. */
  hold(): () => void {
    let open = () => {};
    this.gate = new Promise<void>((resolve) => (open = resolve));
    return open;
  }

  closeAll(reason: CloseReason): void {
    for (const session of this.sessions) session.close(reason);
  }
}

/** Returns a message for the mailbox of a user. */
export function mail(text: string, id = 'm-1') {
  return encodeMessage({ destination: '/user/events', id, contentType: 'text/plain', body: Buffer.from(text) });
}

export function onTopic(topic: string, text: string) {
  return encodeMessage({ destination: `/topic/${topic}`, id: 't-1', body: Buffer.from(text) });
}

/** Returns a reply of a flow to this destination. */
export function answer(destination: string) {
  return encodeMessage({ destination, id: 'a-1', body: Buffer.from('42') });
}
