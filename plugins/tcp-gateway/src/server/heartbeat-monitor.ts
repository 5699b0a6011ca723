import { stompFail } from './failures.js';
import type { HeartBeat } from './heart-beat.js';
import type { Limits } from './limits.js';
import type { Transport } from './transport.js';

/** A client may be late by as much again: networks are. */
const TOLERANCE = 2;

/** Whether a client that was let in still lives: it sends, it ends what it begins, and it reads. Times are the wheel's. */
export class HeartbeatMonitor {
  #received: number;
  /** When what came was whole. */
  #complete: number;
  #sent: number;
  /** When the frame began that is being received; undefined between frames. */
  #frameSince: number | undefined;
  #flushed = 0;
  #flushedAt: number;

  constructor(
    readonly transport: Transport,
    readonly limits: Limits,
    readonly heartBeat: HeartBeat,
    now: number,
  ) {
    this.#received = this.#complete = this.#sent = this.#flushedAt = now;
  }

  /** Bytes have come; `partial`: they end inside a frame; `whole`: a frame has ended in them. */
  received(now: number, partial: boolean, whole: boolean): void {
    this.#received = this.#complete = now;
    if (whole || !partial) this.#frameSince = undefined;
    if (partial) this.#frameSince ??= now;
  }

  /** Part of a message of the line has come: a sign of life for as long as a frame may take. */
  arriving(now: number): void {
    if (now - this.#complete <= this.limits.frameTimeout) this.#received = now;
  }

  /** Nothing was read from the client for a while, which is not its fault. */
  resumed(now: number): void {
    this.#received = this.#complete = now;
    this.#frameSince = undefined;
  }

  sent(now: number): void {
    this.#sent = now;
  }

  /**
   * Sends a heart-beat when it is time. Gives when to look again, or throws why the session has to end. `reading`: the server reads what
   * the client sends.
   */
  check(now: number, tickMs: number, reading: boolean): number {
    let next = Infinity;
    if (reading) next = Math.min(this.#checkSilence(now), this.#checkFrame(now));
    return Math.min(next, this.#checkStall(now), this.#beat(now, tickMs));
  }

  #checkSilence(now: number): number {
    if (this.heartBeat.expect === 0) return Infinity;
    const until = this.#received + TOLERANCE * this.heartBeat.expect;
    if (now > until) throw stompFail.STOMP_SILENT(`nothing came for ${TOLERANCE} × ${this.heartBeat.expect} ms`);
    return until;
  }

  #checkFrame(now: number): number {
    if (this.#frameSince === undefined) return Infinity;
    const until = this.#frameSince + this.limits.frameTimeout;
    if (now > until) throw stompFail.STOMP_TIMEOUT(`a frame did not end within ${this.limits.frameTimeout} ms`);
    return until;
  }

  #checkStall(now: number): number {
    const { buffered, flushed } = this.transport;
    if (buffered === 0 || flushed !== this.#flushed) {
      this.#flushed = flushed;
      this.#flushedAt = now;
    }
    const until = this.#flushedAt + this.limits.stallTimeout;
    if (now > until) throw stompFail.STOMP_TIMEOUT(`the client has read nothing for ${this.limits.stallTimeout} ms`);
    return buffered === 0 ? Infinity : until;
  }

  /** What waits to be read is as good as a heart-beat, and one more would only wait behind it. */
  #beat(now: number, tickMs: number): number {
    const { send } = this.heartBeat;
    if (send === 0) return Infinity;
    // a tick early, for a tick may be late
    const early = Math.max(send - 2 * tickMs, tickMs);
    if (now - this.#sent >= early && this.transport.buffered === 0) {
      this.transport.beat();
      this.#sent = now;
    }
    return Math.max(this.#sent + early, now + tickMs);
  }
}
