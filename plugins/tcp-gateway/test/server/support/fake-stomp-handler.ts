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
import { encodeMessage } from '../../../src/stomp/message.js';

const DAY = 86_400_000;

/** Lets everybody in whose passcode is `ok`, and remembers what the server asked for. */
export class FakeStompHandler implements StompHandler {
  readonly sessions: Session[] = [];
  readonly goodbyes: { readonly user: string; readonly reason: string }[] = [];
  readonly subscriptions: Subscription[] = [];
  readonly topics = new Map<string, Set<Subscription>>();
  readonly acknowledged: number[][] = [];
  readonly rejected: number[][] = [];
  readonly answers: { readonly id: string; readonly body: string }[] = [];
  readonly published: { readonly type: string; readonly body: string; readonly headers: ReadonlyMap<string, string> }[] = [];
  readonly calls: { readonly flow: string; readonly replyTo: string | undefined }[] = [];
  readonly unsubscribed: string[] = [];
  drains = 0;
  /** What every method awaits before it has done its work. */
  gate: Promise<void> = Promise.resolve();
  tokenLifeMs = DAY;
  maxConcurrent = 0;
  #authenticating = 0;

  async authenticate({ login, passcode }: Credentials): Promise<Bearer> {
    this.maxConcurrent = Math.max(this.maxConcurrent, ++this.#authenticating);
    await this.gate;
    this.#authenticating--;
    if (passcode === 'broken') throw new Error('a secret of the inside');
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
    this.goodbyes.push({ user: session.bearer.user, reason });
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
    if (type === 'broken') throw new Error('a secret of the inside');
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

  /** Closes the gate; the function that it gives opens it. */
  hold(): () => void {
    let open = () => {};
    this.gate = new Promise<void>((resolve) => (open = resolve));
    return open;
  }

  closeAll(reason: CloseReason): void {
    for (const session of this.sessions) session.close(reason);
  }
}

/** An event for somebody's mailbox. */
export function mail(text: string, id = 'm-1') {
  return encodeMessage({ destination: '/user/events', id, contentType: 'text/plain', body: Buffer.from(text) });
}

export function onTopic(topic: string, text: string) {
  return encodeMessage({ destination: `/topic/${topic}`, id: 't-1', body: Buffer.from(text) });
}

/** What a flow answers to this destination. */
export function answer(destination: string) {
  return encodeMessage({ destination, id: 'a-1', body: Buffer.from('42') });
}
