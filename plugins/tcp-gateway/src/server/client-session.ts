import { isSluiceError } from '@sluice/plugin-api';
import { FrameFault, type Frame } from '../stomp/frame.js';
import type { EncodedMessage } from '../stomp/message-frame.js';
import { wholeFrame, type OutgoingFrame } from '../stomp/output.js';
import { FrameParser } from '../stomp/parser.js';
import { carryOut } from './commands.js';
import { connectedFrame, parseConnect, type ConnectRequest } from './connect.js';
import type { PendingSession } from './addresses.js';
import type { ServerContext } from './context.js';
import type { Bearer, CloseReason, SessionCounters } from './stomp-handler.js';
import type { StompSession } from './stomp-session.js';
import { isReplies } from './destination.js';
import { stompFail } from './stomp-failures.js';
import { FrameQueue, type FrameQueueOwner } from './frame-queue.js';
import { HeartBeatMonitor } from './heart-beat-monitor.js';
import { messageStart, type StompSubscription } from './subscription.js';
import { Transactions } from './transactions.js';
import { Unacknowledged } from './unacknowledged.js';
import { UNWATCHED, type WheelEntry } from './timer-wheel.js';
import type { Transport, TransportOwner } from './transport.js';

/**
 * `awaitingConnect`: no CONNECT has arrived yet. `authenticating`: the handler verifies the passcode. `open`: the client is admitted.
 * `leaving`: DISCONNECT has arrived, its RECEIPT comes after earlier frames. `closing`: the last frame was sent. `closed`: the socket has
 * closed.
 */
type Stage = 'awaitingConnect' | 'authenticating' | 'open' | 'leaving' | 'closing' | 'closed';

const UNEXPECTED: CloseReason = {
  code: 'UNEXPECTED',
  message: 'the server failed to process the frame',
  cure: 'connect again; the log of the server contains the cause',
};

let lastId = 0;

/** One client from its connection to its end. Reads frames in order, processes several at once, and bounds everything that it keeps. */
export class ClientSession implements StompSession, TransportOwner, FrameQueueOwner, WheelEntry, PendingSession {
  readonly id = String(++lastId);
  readonly address: string;
  readonly unacknowledged = new Unacknowledged(this.id);
  subscriptions: readonly StompSubscription[] = [];
  readonly transactions: Transactions;
  slot = UNWATCHED;
  connectedAt = 0;

  readonly #context: ServerContext;
  readonly #transport: Transport;
  readonly #parser: FrameParser;
  #stage: Stage = 'awaitingConnect';
  /** Time on the clock of the timer wheel at which the stages `awaitingConnect` and `closing` end. */
  #deadline: number;
  #workplace: string | undefined;
  #bearer: Bearer | undefined;
  #heartBeat: HeartBeatMonitor | undefined;
  #paused = false;
  #working = 0;
  /** Header `receipt` of DISCONNECT. */
  #lastReceipt: string | undefined;
  #received = 0;
  readonly #frameQueue: FrameQueue;

  constructor(transport: Transport, context: ServerContext) {
    this.#transport = transport;
    this.#context = context;
    this.#frameQueue = new FrameQueue(this, transport, context);
    this.address = transport.address;
    this.transactions = new Transactions(context.limits);
    // the first frame is a CONNECT, which has no body
    this.#parser = new FrameParser({ ...context.limits, maxFrame: context.limits.maxHead });
    this.#deadline = context.timers.now + context.limits.connectTimeout;
  }

  /** Begins to read, or rejects a client whose address has too many connections. */
  start(): void {
    const { connections, addresses, timers } = this.#context;
    connections.add(this);
    timers.watch(this, this.#deadline);
    this.#transport.open(this);
    try {
      addresses.enter(this);
    } catch (error) {
      this.fail(error);
    }
  }

  get bearer(): Bearer {
    if (!this.#bearer) throw new Error('the session is not open');
    return this.#bearer;
  }

  get workplace(): string | undefined {
    return this.#workplace;
  }

  get counters(): SessionCounters {
    return {
      delivered: this.#frameQueue.delivered,
      refused: this.#frameQueue.refused,
      unacknowledged: this.unacknowledged.size,
      received: this.#received,
      buffered: this.#frameQueue.waiting,
    };
  }

  get handler() {
    return this.#context.handler;
  }

  get limits() {
    return this.#context.limits;
  }

  get isOpen(): boolean {
    return this.#stage === 'open' || this.#stage === 'leaving';
  }

  /** The last frame was sent, or the socket is closed. */
  get #hasEnded(): boolean {
    return this.#stage === 'closing' || this.#stage === 'closed';
  }

  // input

  received(piece: Buffer): void {
    if (this.#hasEnded) return;
    this.#parser.push(piece);
    this.#read();
    if (this.#parser.partial) this.#hold(piece.length);
  }

  arriving(bytes: number): void {
    this.#heartBeat?.arriving(this.#context.timers.now);
    this.#hold(bytes);
  }

  /** Counts the memory of an incomplete CONNECT frame. */
  #hold(bytes: number): void {
    if (this.#stage === 'awaitingConnect') this.#context.addresses.hold(this, bytes);
  }

  /** Processes frames until the input ends or a limit is reached; then the socket is paused, so that TCP holds the client back. */
  #read(): void {
    let frames = 0;
    try {
      while (this.#mayRead()) {
        const frame = this.#parser.next();
        if (!frame) break;
        frames++;
        this.#handle(frame);
      }
    } catch (error) {
      this.fail(error);
    }
    this.#heartBeat?.received(this.#context.timers.now, this.#parser.partial, frames > 0);
    // most clients wait for CONNECTED, so pausing the socket while the token is verified is not worth its cost
    if (this.#stage !== 'authenticating' || frames === 0) this.#setPaused(!this.#mayRead());
  }

  #mayRead(): boolean {
    const { limits } = this.#context;
    const reads = this.#stage === 'open' || this.#stage === 'awaitingConnect';
    return reads && this.#working < limits.working && !this.#frameQueue.isOverfull;
  }

  #setPaused(hold: boolean): void {
    if (hold === this.#paused || this.#hasEnded) return;
    this.#paused = hold;
    if (hold) return this.#transport.pause();
    this.#heartBeat?.resumed(this.#context.timers.now);
    this.#transport.resume();
  }

  #continueReading(): void {
    if (this.#paused && this.#mayRead()) this.#read();
  }

  #handle(frame: Frame): void {
    if (frame.command === 'CONNECT' || frame.command === 'STOMP') return this.#connect(frame);
    if (this.#stage === 'awaitingConnect') throw stompFail.STOMP_ORDER(`the client sent ${frame.command} before CONNECT`);
    const receipt = frame.headers.get('receipt');
    if (frame.command === 'DISCONNECT') return this.#disconnect(receipt);
    if (frame.command === 'SEND') this.#received++;
    try {
      const work = carryOut(this, frame);
      if (work) void this.#follow(work, receipt);
      else this.#confirm(receipt);
    } catch (error) {
      this.fail(error, receipt);
    }
  }

  async #follow(work: Promise<unknown>, receipt?: string): Promise<void> {
    this.#working++;
    try {
      await work;
      this.#confirm(receipt);
    } catch (error) {
      this.fail(error, receipt);
    }
    this.#working--;
    this.#leaveWhenDone();
    this.#continueReading();
  }

  /** Stops reading; the session ends once all its frames have been processed. */
  #disconnect(receipt: string | undefined): void {
    this.#stage = 'leaving';
    this.#lastReceipt = receipt;
    this.#leaveWhenDone();
  }

  #leaveWhenDone(): void {
    if (this.#stage !== 'leaving' || this.#working > 0) return;
    this.#confirm(this.#lastReceipt);
    this.#leave('the client has disconnected');
  }

  #confirm(receipt: string | undefined): void {
    if (receipt !== undefined) this.#send(wholeFrame('RECEIPT', { 'receipt-id': receipt }));
  }

  // authentication

  #connect(frame: Frame): void {
    if (this.#stage !== 'awaitingConnect') throw stompFail.STOMP_ORDER('the client sent CONNECT twice');
    const request = parseConnect(frame, this.address, this.#context.heartBeat);
    this.#workplace = request.credentials.workplace;
    this.#stage = 'authenticating';
    this.#context.addresses.release(this);
    // the session keeps neither the request nor its token
    void this.#authenticate(request);
  }

  async #authenticate(request: ConnectRequest): Promise<void> {
    const { handler, authentications: semaphore } = this.#context;
    try {
      const bearer = await semaphore.run(async () =>
        this.isAuthenticating ? handler.authenticate(request.credentials) : undefined,
      );
      if (bearer && this.isAuthenticating) this.#admit(bearer, request);
    } catch (error) {
      this.fail(error);
    }
  }

  #admit(bearer: Bearer, { heartBeat }: ConnectRequest): void {
    const { handler, limits, timers, addresses } = this.#context;
    this.#bearer = bearer;
    this.connectedAt = this.#context.now();
    if (bearer.expiresAt <= this.connectedAt) throw expired();
    this.#stage = 'open';
    addresses.admit(this);
    this.#heartBeat = new HeartBeatMonitor(this.#transport, limits, heartBeat, timers.now);
    this.#parser.limits = limits;
    this.#transport.trust();
    this.#send(connectedFrame(this, heartBeat));
    handler.sessionOpened(this);
    timers.watch(this, this.check(timers.now));
    this.#read();
  }

  // output

  /**
   * Returns false when the client reads too slowly, and calls `drained` of the handler later. Returns false also after the session has
   * ended.
   */
  hasRoom(): boolean {
    return this.#stage === 'open' && this.#frameQueue.hasRoom();
  }

  sendMessage(start: string, message: EncodedMessage): void {
    if (!this.#hasEnded) this.#frameQueue.addMessage(start, message);
  }

  /** For a subscription with `ack:auto`: a sent event counts as acknowledged. */
  acknowledgeWhenSent(seq: number): void {
    this.#frameQueue.acknowledgeWhenSent(seq);
  }

  reply(message: EncodedMessage): boolean {
    if (!isReplies(message.destination) || !this.hasRoom()) return false;
    const ids = this.subscriptions.filter(({ destination }) => destination === message.destination).map(({ id }) => id);
    // a reply reaches the client without a subscription too
    if (ids.length === 0) ids.push(message.destination);
    for (const id of ids) this.sendMessage(messageStart(id), message);
    return true;
  }

  #send(frame: OutgoingFrame): void {
    if (!this.#hasEnded) this.#frameQueue.add(frame);
  }

  written(): void {
    this.#heartBeat?.sent(this.#context.timers.now);
    if (this.#transport.buffered === 0) this.drained();
  }

  acknowledgeSent(seqs: readonly number[], error?: Error | null): void {
    if (!error && this.isOpen) void this.#follow(this.handler.acknowledge(this, seqs));
  }

  drained(): void {
    if (this.isOpen && this.#frameQueue.takeRefusal()) this.handler.drained(this);
    this.#continueReading();
  }

  // deadlines and end

  check(now: number): number {
    if (this.#stage === 'closing') this.#transport.destroy();
    if (this.#hasEnded) return Infinity;
    try {
      return this.isOpen ? this.#checkOpen(now) : this.#checkConnectDeadline(now);
    } catch (error) {
      this.fail(error);
      return this.#deadline;
    }
  }

  #checkConnectDeadline(now: number): number {
    // the time that the handler takes does not count against the client
    if (this.#stage === 'authenticating') return now + this.#context.limits.connectTimeout;
    const { connectTimeout } = this.#context.limits;
    if (now >= this.#deadline) throw stompFail.STOMP_TIMEOUT(`the client sent no whole CONNECT within ${connectTimeout} ms`);
    return this.#deadline;
  }

  #checkOpen(now: number): number {
    const left = this.bearer.expiresAt - this.#context.now();
    if (left <= 0) throw expired();
    const next = this.#heartBeat?.check(now, this.#context.timers.tickMs, !this.#paused) ?? Infinity;
    return Math.min(now + left, next);
  }

  close(reason: CloseReason): void {
    this.#end(reason, undefined);
  }

  /** False also after the client has closed the connection while its token was being verified. */
  get isAuthenticating(): boolean {
    return this.#stage === 'authenticating';
  }

  dismiss(reason: Error): void {
    this.fail(reason);
    this.#transport.destroy();
  }

  /** Ends the session because of this error. `receipt` is the header of the frame that caused it. */
  fail(error: unknown, receipt?: string): void {
    if (error instanceof FrameFault) {
      this.#end(error.kind === 'limit' ? stompFail.STOMP_LIMIT(error.message) : stompFail.STOMP_FRAME(error.message), receipt);
    } else if (isSluiceError(error)) {
      this.#end(error, receipt);
    } else {
      this.#context.log.error('a STOMP session was closed because of an unexpected error', { user: this.#bearer?.user, error });
      this.#end(UNEXPECTED, receipt);
    }
  }

  #end({ code, message, cure }: CloseReason, receipt: string | undefined): void {
    if (this.#hasEnded) return;
    const headers = {
      code,
      message,
      'content-type': 'text/plain',
      // STOMP requires this header when the versions differ
      ...(code === 'STOMP_VERSION' && { version: '1.2' }),
      ...(receipt !== undefined && { 'receipt-id': receipt }),
    };
    this.#send(wholeFrame('ERROR', headers, cure));
    this.#leave(`${code} ${message}`);
  }

  #leave(reason: string): void {
    const { timers, limits } = this.#context;
    const wasOpen = this.isOpen;
    // before the flush, because a flush that frees buffer space would otherwise continue reading
    this.#stage = 'closing';
    this.#frameQueue.flush();
    this.#deadline = timers.now + limits.closeTimeout;
    timers.watch(this, this.#deadline);
    this.#transport.end();
    this.#reportEnd(wasOpen, reason);
  }

  closed(reason: string): void {
    const wasOpen = this.isOpen;
    const { timers, connections, addresses } = this.#context;
    this.#stage = 'closed';
    this.#frameQueue.clear();
    timers.forget(this);
    connections.delete(this);
    addresses.leave(this);
    this.#reportEnd(wasOpen, reason);
  }

  #reportEnd(wasOpen: boolean, reason: string): void {
    this.#context.log.debug('a STOMP connection was closed', { address: this.address, user: this.#bearer?.user, reason });
    if (wasOpen) this.handler.sessionClosed(this, reason);
  }
}

function expired() {
  return stompFail.STOMP_TOKEN_EXPIRED('the token has expired');
}
