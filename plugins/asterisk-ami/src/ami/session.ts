import { randomUUID, createHash } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fail, isSluiceError, type Log, type Clock, type Timer, pause, type Host } from '@sluice/plugin-api';
import { charsetOf, type Charset } from './charset.js';
import type { Config } from '../config.js';
import { EventInbox } from './event-inbox.js';
import { ami } from '../failures.js';
import { PacketReader } from './packet-reader.js';
import { knownText, parsePacket, textOf, textsOf, type Packet } from './packet.js';
import { WRITE_CLASSES } from './rights.js';
import { writeAction, type AmiAction } from './write-action.js';

export type SessionOptions = Pick<
  Config,
  'host' | 'port' | 'user' | 'secret' | 'tls' | 'plainLogin' | 'charset' | 'connectTimeout' | 'timeout' | 'keepAlive'
>;

export type SessionHost = Pick<Host, 'log' | 'signal' | 'clock'>;

/** The answer to an action that lists things. */
export interface Listing {
  readonly response: Packet;
  readonly items: readonly Packet[];
}

/** Receives the events of a session in order. It must not throw. */
export interface EventSink {
  /** Returns whether events of this name must be decoded and passed on. */
  wants(name: string): boolean;
  event(name: string, packet: Packet): void;
  /**
   * Reports the number of events that were dropped between the last one and the next, because they arrived faster than they were
   * processed.
   */
  missed(count: number): void;
}

interface Pending {
  readonly name: string;
  /** Events of the list so far. */
  readonly items: Packet[];
  readonly listing: boolean;
  response: Packet | undefined;
  readonly resolve: (listing: Listing) => void;
  readonly reject: (error: Error) => void;
}

const GREETING = /^Asterisk Call Manager/;
const EVENT = Buffer.from('Event: ', 'latin1');
/** Maximum wait for the event that the exchange has started. A user without the read class `system` does not receive it. */
const MAX_BOOT_MS = 3_000;
const MAX_MISSED_PINGS = 2;
const DENIED = /permission denied/i;

/**
 * One logged-in session with the manager interface: it writes actions, matches answers by ActionID, and passes events on. Reading never
 * waits for the processing of events, because Asterisk disconnects a reader that is slower than 100 ms (`writetimeout`). A session that
 * has ended stays ended, and no action is sent twice.
 *
 * Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
 */
export class AmiSession {
  /** Resolves with the reason once the session has ended and all events before its end were passed on. */
  readonly ended: Promise<Error>;
  private readonly charset: Charset;
  private readonly pending = new Map<string, Pending>();
  private readonly reader: PacketReader;
  private readonly inbox: EventInbox;
  private readonly greeting = deferred<string>();
  private readonly booted = deferred<void>();
  private readonly over = deferred<Error>();
  private end: Error | undefined;
  private heard = false;
  private misses = 0;
  private oversized = 0;
  private listings = 0;
  private keepAlive: Timer | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly options: SessionOptions,
    private readonly sink: EventSink,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {
    this.charset = charsetOf(options.charset);
    this.ended = this.over.promise;
    this.inbox = new EventInbox({
      event: (bytes) => this.passOn(bytes),
      missed: (count) => this.sink.missed(count),
    });
    this.reader = new PacketReader({
      banner: (line) => this.greeting.resolve(line),
      packet: (bytes) => this.take(bytes),
      oversized: () => this.countOversized(),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.heard = true;
      this.reader.push(chunk);
    });
    socket.on('error', (error) => this.finish(`${this.where}: ${error.message}`));
    for (const end of ['end', 'close']) socket.on(end, () => this.finish(`${this.where} has closed the session`));
  }

  /**
   * Connects and logs in, and resolves once the exchange has started completely.
   *
   * @throws `UNREACHABLE`, `AMI_TURNED_AWAY`, `AMI_NOT_ASTERISK` or `AMI_LOGIN_REFUSED`
   */
  static async open(options: SessionOptions, sink: EventSink, host: SessionHost): Promise<AmiSession> {
    const socket = await reach(options, host);
    const session = new AmiSession(socket, options, sink, host.log, host.clock);
    const stop = () => session.finish('the connection is being closed');
    host.signal.addEventListener('abort', stop, { once: true });
    void session.ended.then(() => host.signal.removeEventListener('abort', stop));
    try {
      await session.logIn();
      session.keepAlive = host.clock.every(options.keepAlive, () => session.ping());
      return session;
    } catch (error) {
      session.finish('the login has failed');
      throw error;
    }
  }

  get where(): string {
    return `Asterisk at ${this.options.host}:${this.options.port}`;
  }

  /**
   * Sends an action and resolves with its answer.
   *
   * @throws `AMI_REFUSED` or `AMI_DENIED` when the exchange refuses it; `TIMED_OUT` when no answer comes in time or the signal fires;
   *   `AMI_CUT_OFF` when the session ends before the answer; `UNREACHABLE` when it has ended before
   */
  async ask(action: AmiAction, signal?: AbortSignal): Promise<Packet> {
    const { response } = await this.exchange(action, false, signal);
    return response;
  }

  /** Sends an action that lists things and resolves with its answer and all items. Rejects as `ask`. */
  async list(action: AmiAction, signal?: AbortSignal): Promise<Listing> {
    this.listings++;
    try {
      return await this.exchange(action, true, signal);
    } finally {
      this.listings--;
    }
  }

  async close(): Promise<void> {
    if (this.end === undefined) this.socket.end(writeAction({ Action: 'Logoff' }, randomUUID(), this.charset));
    this.finish('the connection is being closed');
  }

  private async exchange(action: AmiAction, listing: boolean, signal?: AbortSignal): Promise<Listing> {
    if (this.end) throw fail.UNREACHABLE(this.end.message, { sent: 'no' });
    if (signal?.aborted)
      throw fail.TIMED_OUT(`${action.Action} was cancelled before it was sent to ${this.where}`, { sent: 'no' });
    const id = typeof action['ActionID'] === 'string' ? action['ActionID'] : randomUUID();
    const bytes = writeAction(action, id, this.charset);
    const name = action.Action;
    const answer = deferred<Listing>();
    const late = () => answer.reject(fail.TIMED_OUT(`${this.where} did not answer ${name} within ${this.options.timeout} ms`));
    const giveUp = () => answer.reject(fail.TIMED_OUT(`${name} was cancelled before ${this.where} answered`));
    const timer = this.clock.after(this.options.timeout, late);
    signal?.addEventListener('abort', giveUp, { once: true });
    this.pending.set(id, { name, items: [], listing, response: undefined, resolve: answer.resolve, reject: answer.reject });
    this.socket.write(bytes);
    try {
      return await answer.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      this.pending.delete(id);
    }
  }

  private async logIn(): Promise<void> {
    const tooLate = this.clock.after(this.options.timeout, () =>
      this.finish(`${this.where} sent no greeting or did not answer the login within ${this.options.timeout} ms`),
    );
    try {
      const greeting = await Promise.race([this.greeting.promise, this.failed()]);
      if (!GREETING.test(greeting))
        throw ami.AMI_NOT_ASTERISK(
          `${this.where} sends the greeting "${greeting.slice(0, 60)}", which is not that of the manager interface`,
          {
            sent: 'no',
          },
        );
      // only the class `system`, for the event that the exchange has started; the others once there is a listener
      await this.exchange({ Action: 'Login', Events: 'system', ...(await this.credentials()) }, false);
    } catch (error) {
      throw this.loginError(error);
    } finally {
      tooLate.cancel();
    }
    await this.hasStarted();
  }

  private async credentials(): Promise<Record<string, string>> {
    const { user, secret, plainLogin } = this.options;
    const answer = await this.exchange({ Action: 'Challenge', AuthType: 'MD5' }, false).catch((error: unknown) => {
      if (isSluiceError(error) && error.code === 'AMI_REFUSED') return undefined;
      throw error;
    });
    const challenge = answer && textOf(answer.response, 'Challenge');
    if (challenge !== undefined) {
      const key = createHash('md5').update(challenge).update(this.charset.encode(secret)).digest('hex');
      return { AuthType: 'MD5', Username: user, Key: key };
    }
    if (plainLogin) return { Username: user, Secret: secret };
    throw ami.AMI_LOGIN_REFUSED(`${this.where} offers no MD5 challenge, and plainLogin is not allowed`, { sent: 'no' });
  }

  /** Returns the error for a failure before the end of the login: nothing of a step was sent. */
  private loginError(error: unknown): Error {
    if (!isSluiceError(error)) return fail.UNREACHABLE(`${this.where} cannot be used`, { cause: error, sent: 'no' });
    switch (error.code) {
      case 'AMI_REFUSED':
      case 'AMI_DENIED':
        return ami.AMI_LOGIN_REFUSED(`${this.where} refuses the login of "${this.options.user}"`, { sent: 'no' });
      case 'AMI_CUT_OFF':
        return ami.AMI_TURNED_AWAY(`${this.where} closed the connection before the end of the login`, { sent: 'no' });
      case 'TIMED_OUT':
        return fail.UNREACHABLE(error.message, { sent: 'no' });
      default:
        return error;
    }
  }

  private async hasStarted(): Promise<void> {
    const over = new AbortController();
    const never = pause(this.clock, MAX_BOOT_MS, over.signal);
    try {
      await Promise.race([this.booted.promise, never, this.failed()]);
    } finally {
      over.abort();
    }
  }

  private async failed(): Promise<never> {
    const reason = await this.ended;
    throw ami.AMI_TURNED_AWAY(reason.message, { sent: 'no' });
  }

  private take(bytes: Buffer): void {
    if (bytes.subarray(0, EVENT.length).equals(EVENT)) return this.takeEvent(bytes);
    const packet = parsePacket(this.charset.decode(bytes));
    const id = textOf(packet, 'ActionID');
    const pending = id === undefined ? undefined : this.pending.get(id);
    if (pending) this.takeResponse(pending, packet);
  }

  private takeEvent(bytes: Buffer): void {
    const name = eventName(bytes);
    if (name === 'FullyBooted') this.booted.resolve();
    if (this.listings > 0 || this.sink.wants(name)) this.inbox.push(bytes);
  }

  /** Items of a list wait in the inbox, too, so that earlier events are handled before them. */
  private passOn(bytes: Buffer): void {
    const name = eventName(bytes);
    const packet = parsePacket(this.charset.decode(bytes));
    const pending = this.pending.get(textOf(packet, 'ActionID') ?? '');
    if (pending?.listing) this.takeItem(pending, packet);
    if (this.sink.wants(name)) this.sink.event(name, packet);
  }

  private takeResponse(pending: Pending, packet: Packet): void {
    const response = textOf(packet, 'Response');
    if (response === 'Error') return pending.reject(this.refusalOf(pending.name, packet));
    pending.response = packet;
    const more = pending.listing && textOf(packet, 'EventList')?.toLowerCase() === 'start';
    if (!more) pending.resolve({ response: packet, items: pending.items });
  }

  private takeItem(pending: Pending, packet: Packet): void {
    if (textOf(packet, 'EventList')?.toLowerCase() !== 'complete') pending.items.push(packet);
    else pending.resolve({ response: pending.response ?? packet, items: pending.items });
  }

  /**
   * The answer to a failed command contains `Message: Command output follows`, like that to a successful one, and the reason in `Output`.
   */
  private refusalOf(name: string, packet: Packet): Error {
    const output = textsOf(packet, 'Output').join('\n').trim();
    const message = output === '' ? (knownText(packet, 'Message') ?? 'no reason given') : output;
    const text = `${this.where} refuses ${name}: ${message}`;
    if (!DENIED.test(message)) return ami.AMI_REFUSED(text, { sent: 'yes', details: { message } });
    const classes = (WRITE_CLASSES[name] ?? []).join(' or ');
    const missing = classes === '' ? '' : `: the user "${this.options.user}" has no write class ${classes}`;
    return ami.AMI_DENIED(`${text}${missing}`, { sent: 'yes' });
  }

  private countOversized(): void {
    this.oversized++;
    this.log.warn(`${this.where} sent a packet of more than 1 MiB, which was dropped`, { soFar: this.oversized });
  }

  /** Sends a ping, and ends the session after two pings without any byte from the exchange, although TCP may report no error. */
  private ping(): void {
    this.misses = this.heard ? 0 : this.misses + 1;
    this.heard = false;
    if (this.misses >= MAX_MISSED_PINGS)
      return this.finish(`${this.where} has sent no byte for ${this.misses} × ${this.options.keepAlive} ms`);
    this.socket.write(writeAction({ Action: 'Ping' }, randomUUID(), this.charset));
  }

  private finish(why: string): void {
    if (this.end) return;
    const end = new Error(why);
    this.end = end;
    this.keepAlive?.cancel();
    this.socket.destroySoon();
    for (const { name, reject } of this.pending.values()) reject(ami.AMI_CUT_OFF(`${why} before the answer to ${name}`));
    this.inbox.afterAll(() => this.over.resolve(end));
  }
}

/** Returns the name in `Event: <name>` without decoding the rest. */
function eventName(bytes: Buffer): string {
  let end = EVENT.length;
  while (end < bytes.length && bytes[end] !== 13 && bytes[end] !== 10) end++;
  return bytes.toString('latin1', EVENT.length, end);
}

function reach(options: SessionOptions, { clock, signal }: SessionHost): Promise<Socket> {
  const { host, port, tls, connectTimeout } = options;
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: tls.rejectUnauthorized, ...(tls.ca !== undefined && { ca: tls.ca }) })
      : connectTcp({ host, port });
    const settle = (act: () => void) => {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      socket.off('error', refused);
      act();
    };
    const failed = (why: string, cause?: unknown) =>
      settle(() => {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(
          fail.UNREACHABLE(`Asterisk at ${host}:${port} cannot be reached: ${why}`, {
            sent: 'no',
            ...(cause !== undefined && { cause }),
          }),
        );
      });
    const refused = (error: Error) => failed(error.message, error);
    const stop = () => failed('the connection is being closed');
    const timer = clock.after(connectTimeout, () => failed(`no connection within ${connectTimeout} ms`));
    socket.once('error', refused);
    socket.once(tls ? 'secureConnect' : 'connect', () => settle(() => resolve(socket)));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
