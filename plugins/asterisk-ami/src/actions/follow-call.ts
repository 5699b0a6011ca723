import { fail, type Timer } from '@sluice/plugin-api';
import type { AmiClient } from '../client.js';
import { ami } from '../failures.js';
import { timeOf } from '../triggers/listening.js';
import { knownText, textOf, type Packet } from '../ami/packet.js';

export const RESULTS = ['answered', 'busy', 'noAnswer', 'congestion', 'unallocated', 'failed', 'doNotCall', 'unknown'] as const;

export type Result = (typeof RESULTS)[number];

/** The end of an outgoing call. */
export interface CallEnd {
  readonly result: Result;
  /** Seconds of talk. */
  readonly seconds: number;
  /** Hang-up cause by Q.850; null: not known. */
  readonly cause: number | null;
}

/**
 * Results by `Reason` of OriginateResponse (AST_CONTROL_… of Asterisk's frame.h). Asterisk 16 and 22 write 0 for a busy number, for
 * congestion and for a number that does not exist, so the hang-up cause of the channel takes precedence.
 */
const REASONS: Readonly<Record<string, Result>> = { 1: 'noAnswer', 3: 'noAnswer', 5: 'busy', 8: 'congestion' };
/** Results by hang-up cause (Q.850), for causes that determine the result. */
const CAUSES: Readonly<Record<string, Result>> = {
  1: 'unallocated',
  17: 'busy',
  18: 'noAnswer',
  19: 'noAnswer',
  21: 'busy',
  22: 'unallocated',
  28: 'unallocated',
  34: 'congestion',
  38: 'congestion',
  42: 'congestion',
};
/** Maximum time between the hang-up and the OriginateResponse of an unanswered call, which come in either order. */
const REASON_WITHIN_MS = 5_000;
/** Maximum time without an event after the time of ringing. */
const SILENCE_MS = 30_000;

/** The ActionID of a new order, or the state of the channel of a previous one; state undefined: the channel has ended. */
export type Beginning = { readonly actionId: string } | { readonly state: string | undefined };

/**
 * Begins a call with `begin`, or finds it, and follows its channel to the end. The talk of a found call counts from then on; the result of
 * one that has ended is `unknown`. Rejects when the session ends first or the signal fires; the call itself continues.
 *
 * @throws `AMI_NO_EVENTS` before `begin` when the user may not read the events of calls
 */
export async function followCall(
  client: AmiClient,
  channel: string,
  ringMs: number,
  signal: AbortSignal,
  begin: () => Promise<Beginning>,
): Promise<CallEnd> {
  const course = new Course(client, channel);
  const listening = { events: ['OriginateResponse', 'Newstate', 'Hangup'] };
  await client.requireEvents(listening.events);
  const end = await client.listen(listening, { hear: (packet) => course.hear(packet) });
  const giveUp = () => course.fail(fail.TIMED_OUT(`the wait for the end of the call ${channel} was cancelled`));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  const removeEndListener = client.onEnd((reason) =>
    course.fail(ami.AMI_CUT_OFF(`${reason.message} while the call ${channel} was up`)),
  );
  try {
    course.begun(await begin(), ringMs);
    return await course.ended;
  } finally {
    end();
    removeEndListener();
    course.close();
    signal.removeEventListener('abort', giveUp);
  }
}

class Course {
  readonly ended: Promise<CallEnd>;
  private settle: (end: CallEnd) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  /** Events that arrive before the answer with their ActionID. */
  private early: Packet[] | undefined = [];
  private actionId: string | undefined;
  private answeredAt: number | undefined;
  /** Hang-up cause and reason of an unanswered call, once they have arrived. */
  private cause: number | null | undefined;
  private reason: string | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly client: AmiClient,
    private readonly channel: string,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
    // handled by the caller of `begin`, which may still wait when it rejects
    this.ended.catch(() => undefined);
  }

  begun(beginning: Beginning, ringMs: number): void {
    const early = this.early ?? [];
    this.early = undefined;
    if ('actionId' in beginning) this.ordered(beginning.actionId, ringMs);
    else if (beginning.state === 'Up') this.answeredAt = this.client.host.now().getTime();
    early.forEach((packet) => this.hear(packet));
    if ('state' in beginning && beginning.state === undefined) this.settle({ result: 'unknown', seconds: 0, cause: null });
  }

  hear(packet: Packet): void {
    if (this.early) return void this.early.push(packet);
    const ours = textOf(packet, 'Uniqueid') === this.channel;
    const asked = this.actionId !== undefined && textOf(packet, 'ActionID') === this.actionId;
    if (!ours && !asked) return;
    switch (textOf(packet, 'Event')) {
      case 'OriginateResponse':
        if (textOf(packet, 'Response') === 'Success') return this.answered(packet);
        this.reason = textOf(packet, 'Reason') ?? '';
        return this.unanswered();
      case 'Newstate':
        if (textOf(packet, 'ChannelState') === '6') this.answered(packet);
        return;
      case 'Hangup':
        return this.hungUp(packet);
    }
  }

  close(): void {
    this.timer?.cancel();
  }

  private ordered(actionId: string, ringMs: number): void {
    this.actionId = actionId;
    const silent = () =>
      this.fail(fail.TIMED_OUT(`${this.client.where} has sent no event of the end of the call ${this.channel}`));
    this.timer = this.client.host.clock.after(ringMs + SILENCE_MS, silent);
  }

  private answered(packet: Packet): void {
    this.timer?.cancel();
    this.answeredAt ??= timeOf(packet, this.client.host).getTime();
  }

  private hungUp(packet: Packet): void {
    const cause = knownText(packet, 'Cause');
    const number = cause === undefined ? null : Number(cause);
    if (this.answeredAt !== undefined) {
      const seconds = Math.round((timeOf(packet, this.client.host).getTime() - this.answeredAt) / 1_000);
      return this.settle({ result: 'answered', seconds: Math.max(0, seconds), cause: number });
    }
    this.cause = number;
    this.unanswered();
  }

  /** Concludes an unanswered call by its hang-up cause, or else by the reason. */
  private unanswered(): void {
    const { cause, reason } = this;
    const byCause = CAUSES[cause ?? ''];
    const conclude = () => {
      const byReason = reason === undefined ? undefined : (REASONS[reason] ?? 'failed');
      this.settle({ result: byCause ?? byReason ?? 'noAnswer', seconds: 0, cause: cause ?? null });
    };
    if (byCause !== undefined || (cause !== undefined && reason !== undefined)) return conclude();
    this.timer?.cancel();
    this.timer = this.client.host.clock.after(REASON_WITHIN_MS, conclude);
  }
}
