import type { CallPhase, PhaseEvent } from './call-phase.js';
import { NO_CAUSE, type Call, type CallRegistry, type Cause, type Leg } from './call-registry.js';
import { setAnswer, type Phases } from './phases.js';

/** Minimum time in a dialplan after an unsuccessful dial that counts as its answer: a dialplan that only hangs up answers nothing. */
const MIN_DIALPLAN_MS = 1_000;

/** Ends calls: after the hang-up of the last leg, or when the last leg continues in another call. */
export class Endings {
  constructor(
    private readonly registry: CallRegistry,
    private readonly phases: Phases,
  ) {}

  /** Removes a leg that was hung up. The cause of a call is that of the caller's leg; in a call of `dial`, that of the called leg. */
  leave(leg: Leg, now: number, cause: Cause): readonly PhaseEvent[] {
    const { call } = leg;
    this.registry.removeLeg(leg);
    if (leg === call.caller || (call.caller === undefined && leg === call.called)) call.callerCause = cause;
    if (call.legs.size > 0) return [];
    return this.finish(call, now, call.callerCause ?? cause);
  }

  /** Moves a leg to another call. A call whose last leg continues in another call has ended. Recordings: pickup.txt, park.txt. */
  move(leg: Leg, call: Call, now: number): readonly PhaseEvent[] {
    const before = leg.call;
    before.legs.delete(leg);
    leg.formerCall = before.id;
    leg.call = call;
    call.legs.add(leg);
    call.recording ??= before.recording;
    if (before.legs.size > 0) return [];
    this.registry.join(before, call);
    return this.finish(before, now, { ...(before.callerCause ?? NO_CAUSE), joined: call.id });
  }

  finish(call: Call, now: number, more: Partial<CallPhase>): readonly PhaseEvent[] {
    this.registry.remove(call);
    return [...this.answerOfDialplan(call, now), this.phases.of(call, 'finished', '', now, more)];
  }

  /**
   * Returns the phase `answered` when the dialplan alone has answered, which is known at the end of a call: no leg was dialled, the person
   * who picked up was never connected, or the dialplan continued with the caller after an unsuccessful dial, for example with voicemail. A
   * queue in which no person picked up has not answered. Recordings: ivr.txt, followme_careless.txt, park_two.txt, queue_empty.txt.
   */
  private answerOfDialplan(call: Call, now: number): readonly PhaseEvent[] {
    const at = call.answered === false ? dialplanAnswer(call, now) : undefined;
    if (at === undefined) return [];
    setAnswer(call, 'dialplan', at);
    return [this.phases.of(call, 'answered', 'dialplan', at, { extension: null })];
  }
}

function dialplanAnswer(call: Call, now: number): number | undefined {
  const { pickedUpAt, dialplanAnsweredAt, dialEndedAt } = call;
  if (call.origin === 'originated') return call.hasDialled ? undefined : pickedUpAt;
  if (dialplanAnsweredAt === undefined || !call.hasDialled || pickedUpAt !== undefined) return dialplanAnsweredAt;
  if (dialEndedAt === undefined) return undefined;
  const at = Math.max(dialplanAnsweredAt, dialEndedAt);
  return now - at >= MIN_DIALPLAN_MS ? at : undefined;
}
