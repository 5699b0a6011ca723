import type { Frame } from '../stomp/frame.js';
import type { StompSession } from './stomp-session.js';
import { isReplies, parseSource, parseTarget } from './destination.js';
import { stompFail } from './stomp-failures.js';
import { StompSubscription, type AckMode } from './subscription.js';

/** Processes a frame. Throws, or returns a promise that settles when the frame is processed; the RECEIPT is sent after that. */
type Command = (session: StompSession, frame: Frame) => Promise<unknown> | void;

/** Validates a frame and returns the function that processes it: a transaction validates all its frames before it processes the first. */
type Effect = (session: StompSession, frame: Frame) => () => Promise<unknown> | void;

/** Commands with an effect outside the session. They may belong to a transaction. */
const EFFECTS: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['SEND', send],
  ['ACK', acknowledge],
  ['NACK', reject],
]);

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['SUBSCRIBE', subscribe],
  ['UNSUBSCRIBE', unsubscribe],
  ['BEGIN', (session, frame) => session.transactions.begin(required(frame, 'transaction'))],
  ['COMMIT', commit],
  ['ABORT', (session, frame) => void session.transactions.take(required(frame, 'transaction'))],
]);

export const carryOut: Command = (session, frame) => {
  const { command, headers, body } = frame;
  if (body.length > 0 && command !== 'SEND') throw stompFail.STOMP_FRAME(`${command} has a body`);
  const transaction = headers.get('transaction');
  const effect = EFFECTS.get(command);
  if (effect && transaction !== undefined) return session.transactions.add(transaction, frame);
  if (effect) return effect(session, frame)();
  const act = COMMANDS.get(command);
  if (!act) throw stompFail.STOMP_FRAME(`${command} is not a command of a STOMP 1.2 client`);
  return act(session, frame);
};

/**
 * Publishes the SENDs of a transaction in order, and processes its ACKs and NACKs once the broker has confirmed all SENDs. An event that a
 * client receives and passes on in one transaction is therefore never lost. Several events are not published atomically: if one fails, the
 * session ends, and others of the transaction may have been published.
 */
async function commit(session: StompSession, frame: Frame): Promise<void> {
  const held = session.transactions.take(required(frame, 'transaction'));
  const checked = held.map((one) => ({ command: one.command, act: EFFECTS.get(one.command)?.(session, one) }));
  const [sends, answers] = [checked.filter(isSend), checked.filter((one) => !isSend(one))];
  for (const stage of [sends, answers]) await Promise.all(stage.map(async ({ act }) => act?.()));
}

const isSend = ({ command }: { readonly command: string }) => command === 'SEND';

function send(session: StompSession, frame: Frame): () => Promise<void> {
  const target = parseTarget(required(frame, 'destination'), (name) => session.handler.hasDestination(name));
  if (target.kind === 'event') return () => session.handler.publish(session, target.type, frame);
  if (target.kind === 'answer') return () => session.handler.answer(session, target.to, frame);
  if (target.kind === 'plugin') return () => session.handler.send(session, target.destination, frame);
  const replyTo = frame.headers.get('reply-to');
  if (replyTo !== undefined && !isReplies(replyTo)) {
    throw stompFail.STOMP_DESTINATION('the header reply-to is not of the form /user/replies/<name>');
  }
  return () => session.handler.callFlow(session, target.flow, frame, replyTo);
}

function acknowledge(session: StompSession, frame: Frame): () => Promise<void> | void {
  const { answered, others } = take(session, frame);
  if (!answered) return () => undefined;
  // one ACK removes the event from the mailbox: its copies to other subscriptions need no acknowledgement any more
  if (others) session.unacknowledged.settle(answered.seqs);
  return () => session.handler.acknowledge(session, answered.seqs);
}

function reject(session: StompSession, frame: Frame): () => Promise<void> | void {
  const { answered } = take(session, frame);
  return () => (answered ? session.handler.reject(answered.subscription, answered.seqs) : undefined);
}

/** Removes the deliveries that the ACK or NACK covers. `others`: the session has more than one subscription to its user's events. */
function take(session: StompSession, frame: Frame) {
  const ofUser = session.subscriptions.filter(({ source }) => source.kind === 'user');
  const others = ofUser.length > 1;
  return { answered: session.unacknowledged.take(required(frame, 'id'), others ? undefined : ofUser[0]), others };
}

function subscribe(session: StompSession, frame: Frame): Promise<void> | void {
  const [id, destination] = [required(frame, 'id'), required(frame, 'destination')];
  const { subscriptions, limits, handler } = session;
  if (subscriptions.some((other) => other.id === id)) {
    throw stompFail.STOMP_SUBSCRIPTION('the session has another subscription under this id');
  }
  if (subscriptions.filter((other) => other.destination === destination).length === limits.subscriptionsPerDestination) {
    throw stompFail.STOMP_LIMIT(`a session has at most ${limits.subscriptionsPerDestination} subscriptions to one destination`);
  }
  if (subscriptions.length === limits.subscriptions) {
    throw stompFail.STOMP_LIMIT(`a session has at most ${limits.subscriptions} subscriptions`);
  }
  const source = parseSource(destination, (name) => handler.hasDestination(name));
  const subscription = new StompSubscription(session, id, destination, source, ackMode(frame));
  session.subscriptions = subscriptions.concat(subscription);
  if (source.kind === 'user') return handler.subscribeUser(subscription);
  if (source.kind === 'plugin') return handler.subscribeDestination(subscription, source.destination);
  if (source.kind === 'topic') handler.subscribeTopic(subscription, source.topic);
}

function unsubscribe(session: StompSession, frame: Frame): void {
  const id = required(frame, 'id');
  const { subscriptions, handler } = session;
  const subscription = subscriptions.find((other) => other.id === id);
  if (!subscription) throw stompFail.STOMP_SUBSCRIPTION('the session has no subscription under this id');
  session.subscriptions = subscriptions.filter((other) => other !== subscription);
  const { source } = subscription;
  if (source.kind === 'topic') handler.unsubscribeTopic(subscription, source.topic);
  if (source.kind === 'plugin') handler.unsubscribeDestination(subscription, source.destination);
  if (source.kind !== 'user') return;
  session.unacknowledged.forget(subscription);
  handler.unsubscribeUser(subscription);
}

function ackMode({ headers }: Frame): AckMode {
  const mode = headers.get('ack') ?? 'auto';
  if (mode === 'auto' || mode === 'client' || mode === 'client-individual') return mode;
  throw stompFail.STOMP_HEADER('the header ack of SUBSCRIBE must be auto, client or client-individual');
}

function required({ command, headers }: Frame, name: string): string {
  const value = headers.get(name);
  if (value === undefined || value === '') throw stompFail.STOMP_HEADER(`${command} needs the header ${name}`);
  return value;
}
