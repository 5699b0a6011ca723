import { viewError, type ErrorView, type Clock } from '@sluice/plugin-api';
import type { Flow } from '@sluice/flow';
import type { MaybePromise } from '../maybe-promise.js';
import type { Observer } from '../observer.js';
import { queues } from '../ports/bus.js';
import type { JournalKind, Store } from '../ports/store.js';
import type { Hop } from './hop.js';
import { endWith, HOP_ENDS, type HopEnd } from './hop-end.js';
import { journalEntry } from './journal-entry.js';
import { resultOfFailure } from './called-runs.js';
import { replyOfOutcome } from './replies.js';
import { RUN_TYPE, runMessage } from './run-codec.js';
import { EXPIRED, STATE_LIMIT_BYTES, stateTooLarge } from './run-state.js';

const EXPIRED_CALL: ErrorView = { code: EXPIRED, fate: 'rejected', message: 'the event expired' };

export interface RunEndsDeps {
  readonly store: Store;
  readonly observer: Observer;
  readonly clock: Clock;
}

/** Adds the effects of a run's end to its last hop: the reply, the parked run, the row of the journal. */
export class RunEnds {
  constructor(
    private readonly flow: Flow,
    private readonly deps: RunEndsDeps,
  ) {}

  /** Releases the key of a run that was dropped or has expired: the sender's next attempt must pass. */
  releaseClaim(hop: Hop, end: HopEnd): MaybePromise<void> {
    if (hop.claim === undefined || end.kind !== 'ended') return;
    if (end.outcome !== 'dropped' && end.outcome !== 'expired') return;
    return this.deps.store.claims.giveBack(this.flow.name, hop.claim, hop.run);
  }

  /** Answers the sender, or the run, that waits for an event that the flow does not take: as for a run that stopped at once. */
  filtered(hop: Hop): void {
    this.#answer(hop, HOP_ENDS.stopped);
  }

  /** Adds the effects of the end to the outputs of the hop. Returns the end, which is another one when the state cannot travel. */
  conclude(hop: Hop, end: HopEnd): HopEnd {
    const final = withinLimit(hop, end);
    if (final.kind !== 'ended') return final;
    this.#answer(hop, final);
    if (final.outcome === 'parked') this.#park(hop, final.error);
    const error = 'error' in final ? final.error : undefined;
    this.#journal(hop, final.outcome, error);
    hop.recorder?.ended(hop.recorded, final.outcome, this.deps.clock.now() - hop.startedAt, error);
    return final;
  }

  /** Answers the sender, or the run, that waits and has not received a reply. */
  #answer(hop: Hop, end: Extract<HopEnd, { readonly kind: 'ended' }>): void {
    const { caller } = hop;
    switch (end.outcome) {
      case 'parked':
      case 'dropped':
        if (caller) hop.returnToCaller(resultOfFailure(caller, hop.run, this.flow.name, `was ${end.outcome}`, end.error));
        return hop.reply(replyOfOutcome({ outcome: 'failed', error: end.error }, hop.event.id));
      case 'expired':
        if (caller) hop.returnToCaller(resultOfFailure(caller, hop.run, this.flow.name, 'has expired', EXPIRED_CALL));
        return hop.reply(replyOfOutcome({ outcome: 'expired' }, hop.event.id));
      case 'caught':
        hop.returnToCaller({ ok: true, output: null });
        return hop.reply(replyOfOutcome({ outcome: 'failed', error: end.error }, hop.event.id));
      case 'done':
      case 'stopped':
      case 'duplicate':
        hop.returnToCaller({ ok: true, output: null });
        return hop.reply(replyOfOutcome({ outcome: end.outcome }, hop.event.id));
    }
  }

  #park(hop: Hop, error: ErrorView): void {
    const now = this.deps.clock.now();
    let message = parkedMessage(hop, error, now);
    if (message.body.length > STATE_LIMIT_BYTES) {
      // without its outputs the run is small enough, and a replay begins at the first step
      hop.forgetSteps();
      message = parkedMessage(hop, error, now);
    }
    hop.outputs.push({ queue: queues.parked, message });
    this.deps.observer.parked(this.flow.name, error, hop.event);
  }

  #journal(hop: Hop, kind: JournalKind, error?: ErrorView): void {
    const { journal } = this.flow;
    if (journal === 'off') return;
    const quiet = (kind === 'done' || kind === 'stopped') && !hop.notable;
    if (journal === 'changes' && quiet) return;
    const now = this.deps.clock.now();
    const details = { ms: now - hop.startedAt, ...(error && { error }), ...(hop.failure && { step: hop.failure.at }) };
    this.deps.store.journal.write(journalEntry(hop.journaled, kind, now, details));
  }
}

/** Parks a run whose state the broker would refuse, without the outputs of its steps. */
function withinLimit(hop: Hop, end: HopEnd): HopEnd {
  const tooLarge = hop.outputs.find(
    ({ message }) => message.attributes.datacontenttype === RUN_TYPE && message.body.length > STATE_LIMIT_BYTES,
  );
  if (!tooLarge) return end;
  const answer = hop.outputs.find((output) => output === hop.answer);
  hop.outputs.splice(0, hop.outputs.length, ...(answer ? [answer] : []));
  hop.forgetSteps();
  return endWith('parked', viewError(stateTooLarge(tooLarge.message.body.length)));
}

/** The state keeps the place of the failure, also after handlers have run. */
function parkedMessage(hop: Hop, error: ErrorView, now: number) {
  const { failure } = hop;
  const state = hop.state('parked', {
    ...(failure && { at: failure.at, frames: failure.frames }),
    ...(failure && hop.unread && { result: hop.unread }),
    parked: { error, at: now },
  });
  return runMessage({ state, body: hop.body }, now);
}
