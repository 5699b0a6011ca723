import { viewError, type ErrorView, type Clock } from '@sluice/plugin-api';
import type { Flow } from '@sluice/flow';
import type { MaybePromise } from '../maybe-promise.js';
import type { Observer } from '../observer.js';
import { queues } from '../ports/bus.js';
import type { JournalKind, Store } from '../ports/store.js';
import type { Hop } from './hop.js';
import { endWith, type HopEnd } from './hop-end.js';
import { journalEntry } from './journal-entry.js';
import { replyOfOutcome } from './replies.js';
import { RUN_TYPE, runMessage } from './run-codec.js';
import { STATE_LIMIT_BYTES, stateTooLarge } from './run-state.js';

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

  /** Adds the effects of the end to the outputs of the hop. Returns the end, which is another one when the state cannot travel. */
  conclude(hop: Hop, end: HopEnd): HopEnd {
    const final = withinLimit(hop, end);
    if (final.kind !== 'ended') return final;
    switch (final.outcome) {
      case 'parked':
      case 'dropped':
        hop.reply(replyOfOutcome({ outcome: 'failed', error: final.error }, hop.event.id));
        if (final.outcome === 'parked') this.#park(hop, final.error);
        this.#journal(hop, final.outcome, final.error);
        break;
      case 'duplicate':
        hop.reply(replyOfOutcome({ outcome: 'duplicate' }, hop.event.id));
        this.#journal(hop, 'duplicate', final.error);
        break;
      case 'done':
      case 'stopped':
      case 'expired':
        hop.reply(replyOfOutcome({ outcome: final.outcome }, hop.event.id));
        this.#journal(hop, final.outcome);
        break;
    }
    return final;
  }

  #park(hop: Hop, error: ErrorView): void {
    const now = this.deps.clock.now();
    let message = parkedMessage(hop, error, error.step, now);
    if (message.body.length > STATE_LIMIT_BYTES) {
      // without its outputs the run is small enough, and a replay begins at the first step
      hop.forgetSteps();
      message = parkedMessage(hop, error, undefined, now);
    }
    hop.outputs.push({ queue: queues.parked, message });
    this.deps.observer.parked(this.flow.name, error, hop.event);
  }

  #journal(hop: Hop, kind: JournalKind, error?: ErrorView): void {
    const { journal, name } = this.flow;
    if (journal === 'off') return;
    const quiet = (kind === 'done' || kind === 'stopped') && !hop.notable;
    if (journal === 'changes' && quiet) return;
    const run = { run: hop.run, flow: name, event: hop.event };
    const now = this.deps.clock.now();
    this.deps.store.journal.write(journalEntry(run, kind, now, { ms: now - hop.startedAt, ...(error && { error }) }));
  }
}

/** Parks a run whose state the broker would refuse, without the outputs of its steps. */
function withinLimit(hop: Hop, end: HopEnd): HopEnd {
  const tooLarge = hop.outputs.find(
    ({ message }) => message.attributes.datacontenttype === RUN_TYPE && message.body.length > STATE_LIMIT_BYTES,
  );
  if (!tooLarge) return end;
  hop.outputs.length = 0;
  hop.forgetSteps();
  return endWith('parked', viewError(stateTooLarge(tooLarge.message.body.length)));
}

function parkedMessage(hop: Hop, error: ErrorView, at: string | undefined, now: number) {
  const state = hop.state('parked', {
    ...(at !== undefined && { at }),
    ...(at !== undefined && hop.unread && { result: hop.unread }),
    parked: { error, at: now },
  });
  return runMessage({ state, body: hop.body }, now);
}
