import type { Answerer, CallPhase, Direction, Phase, PhaseEvent } from './call-phase.js';
import type { Call } from './call-registry.js';
import type { Numbers } from './numbers.js';

/** Creates the events of a call. */
export class Phases {
  constructor(private readonly numbers: Numbers) {}

  /**
   * Returns the event of a phase.
   *
   * @param part distinguishes phases of one kind in a call, such as two legs that ring; empty: there is one
   * @param now milliseconds since 1970
   */
  of(call: Call, phase: Phase, part: string, now: number, more: Partial<CallPhase>): PhaseEvent {
    const { answered, answeredAt, startedAt } = call;
    const isUnseen = answered === undefined || (answered && answeredAt === undefined);
    const to = call.to ?? call.targetExtension;
    const data: CallPhase = {
      phase,
      call: call.id,
      direction: this.direction(call, to),
      from: call.from ?? null,
      fromName: call.fromName ?? null,
      to: to ?? null,
      extension: call.extension ?? null,
      channel: null,
      answered: answered ?? null,
      answeredBy: call.answeredBy ?? null,
      ringing: startedAt === undefined || isUnseen ? null : seconds(startedAt, answeredAt ?? now),
      talking: isUnseen ? null : seconds(answeredAt ?? now, now),
      duration: startedAt === undefined ? null : seconds(startedAt, now),
      cause: null,
      causeText: null,
      recording: call.recording ?? null,
      transferredTo: call.transferredTo ?? null,
      joined: null,
      recovered: call.isRecovered,
      variables: { ...call.variables },
      ...more,
    };
    return { id: [call.id, phase, part].filter(Boolean).join('/'), data };
  }

  /** Returns the direction by the look of the numbers; null until the called number of our own telephone is known. */
  private direction(call: Call, to: string | undefined): Direction | null {
    const isOurs = (number: string | undefined) => this.numbers.ours(number) !== undefined;
    const isFromUs = call.caller?.extension !== undefined || isOurs(call.from);
    if (!isFromUs && call.origin !== 'originated') return call.caller ? 'incoming' : null;
    if (to === undefined) return null;
    return isOurs(to) ? 'internal' : 'outgoing';
  }
}

/** Stores the answer of a call. The answer of a person is final; that of the dialplan is replaced when a person answers later. */
export function setAnswer(call: Call, by: Answerer, now: number): void {
  if (call.answeredBy === by || call.answeredBy === 'person') return;
  const wasUnknown = call.answered === undefined || (call.answered && call.answeredAt === undefined);
  call.answered = true;
  call.answeredBy = by;
  call.answeredAt = wasUnknown ? undefined : now;
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1_000));
}
