import { setTimeout as sleep } from 'node:timers/promises';
import { queues, type Outgoing } from '@sluice/engine';
import { engineFail, type SluiceError } from '@sluice/plugin-api';
import type { ChannelModel, Message } from 'amqplib';
import { encodeProperties } from './envelope.js';
import { describe } from '../connection/failure.js';
import { PublishFrames } from './publish-frames.js';
import { rungFor } from '../queues/delay-queues.js';
import type { Names } from '../queues/topology.js';

/** Maximum unconfirmed messages: enough for full speed, and a limit for memory and socket buffers while the broker is slow. */
const WINDOW_MESSAGES = 4_096;
const WINDOW_BYTES = 64 * 1024 ** 2;
/** RabbitMQ 4 closes the channel of a larger message (`max_message_size`), which loses the confirms of all unconfirmed messages. */
const MAX_BODY_BYTES = 16 * 1024 ** 2;
/**
 * Milliseconds after which a deleted queue is declared again. If it is declared sooner, RabbitMQ 3.10 does not cancel the consumers of the
 * deleted queue, and they wait without end.
 */
const REDECLARE_AFTER_MS = 500;
/** The text of amqplib for a negative confirm. After any other error of a confirm, the outcome is unknown. */
const NACKED = 'message nacked';

/** Waits for the confirms of messages. */
export interface Sender {
  /** False when the sender waits no longer. Its messages are then not sent, or not sent again. */
  readonly wanted: boolean;
  /** Called once for each message, with its error if there is one. Must not throw. */
  confirmed(problem?: SluiceError): void;
}

interface Entry {
  readonly out: Outgoing;
  readonly sender: Sender;
  /** True when the queue was missing and has been declared again. */
  readonly again: boolean;
}

/**
 * Publishes with confirms, in order. Messages that were unconfirmed when the channel was lost are sent again under the same ids, while
 * their senders want them. The broker may then have them twice.
 */
export class Publisher {
  readonly #names: Names;
  readonly #redeclare: (queue: string) => Promise<boolean>;
  /** The open channel. */
  #channel: PublishFrames | undefined;
  #blocked: string | undefined;
  #unconfirmed = 0;
  #bytes = 0;
  /** Messages that are not sent yet. */
  #waiting: Entry[] = [];
  /** Messages that were sent on a lost channel. Their outcome is unknown. */
  #unknown: Entry[] = [];
  /** Number of returned messages by id and target, until their confirms: the confirm of a message follows its return. */
  readonly #returned = new Map<string, number>();

  /** @param redeclare declares a queue again; resolves with false when this host has never declared it */
  constructor(names: Names, redeclare: (queue: string) => Promise<boolean>) {
    this.#names = names;
    this.#redeclare = redeclare;
  }

  /** The reason why the broker accepts no messages on an open connection; undefined when it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** True when no message waits or is unconfirmed. */
  get idle(): boolean {
    return this.#unconfirmed === 0 && this.#waiting.length === 0 && this.#unknown.length === 0;
  }

  /** Uses a new connection, and sends the waiting messages. */
  async open(connection: ChannelModel): Promise<void> {
    connection.on('blocked', (reason) => (this.#blocked = reason));
    connection.on('unblocked', () => {
      this.#blocked = undefined;
      this.#pump();
    });
    const channel = await connection.createConfirmChannel();
    channel.on('return', (message: Message) => this.#noteReturned(message));
    channel.on('error', () => undefined); // a close follows and is handled below
    const frames = new PublishFrames(channel);
    channel.on('close', () => {
      if (this.#channel !== frames) return;
      this.lost();
      // the broker closes only the channel when somebody has changed the topology: a new connection declares it again
      void connection.close().catch(() => undefined);
    });
    this.#channel = frames;
    this.#blocked = undefined;
    this.#waiting = [...this.#unknown.splice(0), ...this.#waiting];
    this.#pump();
  }

  /** Stops sending after the connection is lost. */
  lost(): void {
    this.#channel = undefined;
    this.#blocked = undefined;
    this.#returned.clear();
  }

  /** Sends a message, or queues it until there is a connection and room in the window. */
  send(out: Outgoing, sender: Sender): void {
    if (out.message.body.length > MAX_BODY_BYTES) {
      sender.confirmed(engineFail.BODY_TOO_LARGE(`${out.message.body.length} bytes are more than RabbitMQ accepts`));
    } else if (this.#channel && this.#hasRoom() && this.#waiting.length === 0) {
      this.#write(this.#channel, out, sender, false);
    } else {
      this.#waiting.push({ out, sender, again: false });
    }
  }

  /** Drops the messages that no sender waits for. */
  prune(): void {
    const all = [...this.#unknown, ...this.#waiting];
    this.#unknown = this.#unknown.filter(isWanted);
    this.#waiting = this.#waiting.filter(isWanted);
    for (const entry of all) if (!isWanted(entry)) drop(entry);
  }

  #hasRoom(): boolean {
    return this.#blocked === undefined && this.#unconfirmed < WINDOW_MESSAGES && this.#bytes < WINDOW_BYTES;
  }

  #pump(): void {
    while (this.#channel && this.#hasRoom()) {
      const entry = this.#waiting.shift();
      if (!entry) return;
      if (isWanted(entry)) this.#write(this.#channel, entry.out, entry.sender, entry.again);
      else drop(entry);
    }
  }

  #write(channel: PublishFrames, out: Outgoing, sender: Sender, again: boolean): void {
    const { message, queue, notBefore } = out;
    const rung = notBefore === undefined ? undefined : rungFor(notBefore - Date.now());
    const properties = encodeProperties(message, !out.droppable && queue !== queues.peers, rung && notBefore);
    const exchange = this.#exchangeOf(queue, rung?.name);
    const key = queue === undefined ? message.attributes.type : this.#names.of(queue);
    this.#unconfirmed += 1;
    this.#bytes += message.body.length;
    try {
      channel.publish(exchange, key, message.body, properties, (error: Error | null) =>
        this.#answered(error, key, out, sender, again),
      );
    } catch (error) {
      this.#unconfirmed -= 1;
      this.#bytes -= message.body.length;
      if (this.#channel === channel) sender.confirmed(engineFail.INPUT_INVALID(`cannot publish ${key}: ${describe(error)}`));
      else this.#keep({ out, sender, again });
    }
  }

  #exchangeOf(queue: string | undefined, rung: string | undefined): string {
    if (queue === undefined) return this.#names.events();
    if (queue === queues.peers) return this.#names.peers();
    return rung === undefined ? '' : this.#names.of(rung);
  }

  /** Keeps a message whose outcome is unknown, so that it is sent again. */
  #keep(entry: Entry): void {
    if (isWanted(entry)) this.#unknown.push(entry);
    else drop(entry);
  }

  #answered(error: Error | null, key: string, out: Outgoing, sender: Sender, again: boolean): void {
    this.#unconfirmed -= 1;
    this.#bytes -= out.message.body.length;
    if (error === null) {
      if (this.#returned.size > 0 && this.#takeReturned(out.message.attributes.id, key))
        void this.#unroutable({ out, sender, again });
      else sender.confirmed();
    } else if (error.message === NACKED) {
      sender.confirmed(engineFail.BUS_UNAVAILABLE(`RabbitMQ refuses messages for ${key}: its queue is full or has no leader`));
    } else {
      this.#keep({ out, sender, again });
    }
    if (this.#waiting.length > 0) this.#pump();
  }

  #noteReturned({ fields, properties }: Message): void {
    const key = returnKey(String(properties.messageId), fields.routingKey);
    this.#returned.set(key, (this.#returned.get(key) ?? 0) + 1);
  }

  #takeReturned(id: string, routingKey: string): boolean {
    const key = returnKey(id, routingKey);
    const count = this.#returned.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#returned.delete(key);
    else this.#returned.set(key, count - 1);
    return true;
  }

  /** Handles a message that the broker could not route. A queue that somebody has deleted is declared again, once. */
  async #unroutable({ out, sender, again }: Entry): Promise<void> {
    const { queue } = out;
    if (queue === undefined) return sender.confirmed(engineFail.BUS_UNAVAILABLE('the exchange of events has no queue'));
    if (again || !(await this.#makeAgain(queue))) {
      return sender.confirmed(engineFail.BUS_UNAVAILABLE(`queue ${queue} does not exist`));
    }
    this.#waiting.push({ out, sender, again: true });
    this.#pump();
  }

  async #makeAgain(queue: string): Promise<boolean> {
    await sleep(REDECLARE_AFTER_MS);
    return this.#redeclare(queue).catch(() => false);
  }
}

const drop = ({ sender }: Entry): void =>
  sender.confirmed(engineFail.BUS_UNAVAILABLE('the wait ended before RabbitMQ confirmed the message'));
const isWanted = ({ sender }: Entry): boolean => sender.wanted;
const returnKey = (id: string, routingKey: string): string => `${id}\n${routingKey}`;
