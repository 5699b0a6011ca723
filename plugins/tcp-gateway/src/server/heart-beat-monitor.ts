import { stompFail } from './stomp-failures.js';
import type { HeartBeat } from './heart-beat.js';
import type { Limits } from './limits.js';
import type { Transport } from './transport.js';

/** A client counts as silent after this multiple of the negotiated interval, because networks delay packets. */
const TOLERANCE = 2;

/** Detects an admitted client that sends nothing, does not finish a frame, or does not read. Times are those of the timer wheel. */
export class HeartBeatMonitor {
  #received: number;
  /** When the last bytes other than a part of a WebSocket message arrived. */
  #complete: number;
  #sent: number;
  /** When the current frame began; undefined between frames. */
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

  /** Notes received bytes. `partial`: they end inside a frame; `whole`: a frame ended in them. */
  received(now: number, partial: boolean, whole: boolean): void {
    this.#received = this.#complete = now;
    if (whole || !partial) this.#frameSince = undefined;
    if (partial) this.#frameSince ??= now;
  }

  /** Notes a part of a WebSocket message. It counts as a sign of life for at most the time that a frame may take. */
  arriving(now: number): void {
    if (now - this.#complete <= this.limits.frameTimeout) this.#received = now;
  }

  /** Restarts the deadlines after the server has not read for a while, which is not the fault of the client. */
  resumed(now: number): void {
    this.#received = this.#complete = now;
    this.#frameSince = undefined;
  }

  sent(now: number): void {
    this.#sent = now;
  }

  /**
   * Sends a heart-beat when it is due and checks the deadlines.
   *
   * @param reading false while the socket is paused: then nothing is expected of the client
   * @returns time of the next check
   * @throws `STOMP_SILENT` or `STOMP_TIMEOUT` when the session has to end
   */
  check(now: number, tickMs: number, reading: boolean): number {
    let next = Infinity;
    if (reading) next = Math.min(this.#checkSilence(now), this.#checkFrame(now));
    return Math.min(next, this.#checkStall(now), this.#beatWhenDue(now, tickMs));
  }

  #checkSilence(now: number): number {
    if (this.heartBeat.expect === 0) return Infinity;
    const until = this.#received + TOLERANCE * this.heartBeat.expect;
    if (now > until) throw stompFail.STOMP_SILENT(`the client sent nothing for ${TOLERANCE} × ${this.heartBeat.expect} ms`);
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

  /** Sends a heart-beat, except while earlier bytes wait for the client to read: a heart-beat would only wait behind them. */
  #beatWhenDue(now: number, tickMs: number): number {
    const { send } = this.heartBeat;
    if (send === 0) return Infinity;
    // up to two ticks early, because a tick may be late
    const early = Math.max(send - 2 * tickMs, tickMs);
    if (now - this.#sent >= early && this.transport.buffered === 0) {
      this.transport.beat();
      this.#sent = now;
    }
    return Math.max(this.#sent + early, now + tickMs);
  }
}
