import { setTimeout as sleep } from 'node:timers/promises';
import { queues, type Outgoing } from '@sluice/engine';
import { engineFail, type SluiceError } from '@sluice/plugin-api';
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { encodeProperties } from './envelope.js';
import { describe } from '../connection/failure.js';
import { rungFor } from '../queues/delay-queues.js';
import type { Names } from '../queues/topology.js';

/** Unconfirmed at once: enough for full speed, and a bound for what memory and sockets hold while the broker is slow. */
const WINDOW_MESSAGES = 4_096;
const WINDOW_BYTES = 64 * 1024 ** 2;
/** RabbitMQ 4 closes the channel of a larger message (`max_message_size`), and with it all that is on its way. */
const MAX_BODY_BYTES = 16 * 1024 ** 2;
/**
 * A queue that was deleted is made again after this. Sooner, RabbitMQ 3.10 takes it for the old one, does not tell the old one's consumers,
 * and they wait for ever.
 */
const REDECLARE_AFTER_MS = 500;
/** How amqplib words a negative confirm; every other error of a confirm means that nobody knows. */
const NACKED = 'message nacked';

/** Who waits for a confirm. */
export interface Sender {
  /** False: nobody waits any more, so it need not be sent (again). */
  readonly wanted: boolean;
  /** Called once for each message, with what went wrong if anything. Must not throw. */
  confirmed(problem?: SluiceError): void;
}

interface Entry {
  readonly out: Outgoing;
  readonly sender: Sender;
  /** Its queue was missing and has been declared again. */
  readonly again: boolean;
}

/**
 * Publishes with confirms, in order. What was not confirmed when the channel was lost is sent again, under the same ids, as long as its
 * sender wants it: the broker may then have it twice.
 */
export class Publisher {
  readonly #names: Names;
  readonly #redeclare: (queue: string) => Promise<boolean>;
  #channel: ConfirmChannel | undefined;
  #blocked: string | undefined;
  #unconfirmed = 0;
  #bytes = 0;
  /** Not sent yet. */
  #waiting: Entry[] = [];
  /** Sent, and the channel was lost. */
  #unknown: Entry[] = [];
  /** Messages that came back, until their confirm comes: it follows its return, and several may share id and target. */
  readonly #returned = new Map<string, number>();

  /** @param redeclare makes a queue again that this host has declared before; false when it has not */
  constructor(names: Names, redeclare: (queue: string) => Promise<boolean>) {
    this.#names = names;
    this.#redeclare = redeclare;
  }

  /** Why the broker takes nothing although it is connected. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  get idle(): boolean {
    return this.#unconfirmed === 0 && this.#waiting.length === 0 && this.#unknown.length === 0;
  }

  /** Takes up a new connection, and sends what waits. */
  async open(connection: ChannelModel): Promise<void> {
    connection.on('blocked', (reason) => (this.#blocked = reason));
    connection.on('unblocked', () => {
      this.#blocked = undefined;
      this.#pump();
    });
    const channel = await connection.createConfirmChannel();
    channel.on('return', (message: Message) => this.#noteReturned(message));
    channel.on('error', () => undefined); // the close that follows is what counts
    channel.on('close', () => {
      if (this.#channel !== channel) return;
      this.lost();
      // a channel alone is closed for a topology that somebody has changed: all is made anew with the connection
      void connection.close().catch(() => undefined);
    });
    this.#channel = channel;
    this.#blocked = undefined;
    this.#waiting = [...this.#unknown.splice(0), ...this.#waiting];
    this.#pump();
  }

  /** The connection is gone. */
  lost(): void {
    this.#channel = undefined;
    this.#blocked = undefined;
    this.#returned.clear();
  }

  send(out: Outgoing, sender: Sender): void {
    if (out.message.body.length > MAX_BODY_BYTES) {
      sender.confirmed(engineFail.BODY_TOO_LARGE(`${out.message.body.length} bytes are more than RabbitMQ takes`));
    } else if (this.#channel && this.#hasRoom() && this.#waiting.length === 0) {
      this.#write(this.#channel, out, sender, false);
    } else {
      this.#waiting.push({ out, sender, again: false });
    }
  }

  /** Lets go of what no sender wants any more. */
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

  #write(channel: ConfirmChannel, out: Outgoing, sender: Sender, again: boolean): void {
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

  /** Nobody knows whether the broker has it. */
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

  /** Nothing took the message. A queue of ours is made again, once: somebody has removed it. */
  async #unroutable({ out, sender, again }: Entry): Promise<void> {
    const { queue } = out;
    if (queue === undefined) return sender.confirmed(engineFail.BUS_UNAVAILABLE('nothing takes events'));
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

const drop = ({ sender }: Entry): void => sender.confirmed(engineFail.BUS_UNAVAILABLE('given up before RabbitMQ confirmed it'));
const isWanted = ({ sender }: Entry): boolean => sender.wanted;
const returnKey = (id: string, routingKey: string): string => `${id}\n${routingKey}`;
