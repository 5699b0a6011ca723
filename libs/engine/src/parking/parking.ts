import {
  bodyKind,
  derivedId,
  engineFail,
  isSluiceError,
  runId,
  viewError,
  type ErrorView,
  type EventAttributes,
  type EventMessage,
  type Log,
  type SluiceError,
  pause,
  type Clock,
} from '@sluice/plugin-api';
import { AWAY_PAUSE_MS } from '@sluice/runtime';
import { writeData } from '../runs/event-data.js';
import { messageOf } from '../message-of.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from '../ports/bus.js';
import type { ParkedRun, ParkedSummary, Store } from '../ports/store.js';
import { journalEntry } from '../runs/journal-entry.js';
import type { StepPresence } from '../runs/program.js';
import { decodeRun, encodeRun, isRun, readRun, runMessage } from '../runs/run-codec.js';
import type { RunMessage, RunState } from '../runs/run-state.js';

const PREFETCH = 100;
const SWEEP_MS = 30_000;
const STUCK_MS = 60_000;
const UNKNOWN_FLOW = 'unknown';
/** Maximum parked runs that are checked at the start for missing steps. */
const MAX_LOOKED_THROUGH = 1_000;

export interface ReplayOptions {
  /** Other data for the trigger. The replay is then a new run, caused by the old one. */
  readonly data?: unknown;
  /** Begin at the first step, without the outputs of earlier steps. */
  readonly fromStart?: boolean;
}

export interface ParkingDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly newer: NewerStateQueues;
  /** Returns whether the flow is deployed here and has this step. */
  readonly presenceOf: (flow: string, step: string) => StepPresence;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
}

type ParkedRow = Omit<ParkedRun, 'state'>;

interface Parked {
  readonly delivery: Delivery;
  readonly row: ParkedRow;
  /** True when the database has refused the row of the state. */
  readonly refused?: boolean;
}

/**
 * Parks failed runs and replays them. A run is parked by a message to the queue `parked`, so that PostgreSQL may be away; the message is
 * acknowledged once the row is committed.
 */
export class Parking {
  readonly #consumers: Consumer[] = [];
  #batch: Delivery[] = [];
  #writing: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(private readonly deps: ParkingDeps) {}

  async start(): Promise<void> {
    for (const queue of [queues.parked, queues.poison]) {
      await this.deps.bus.declare({ queue });
      this.#consumers.push(
        await this.deps.bus.consume(queue, { prefetch: PREFETCH }, (delivery) => {
          this.#batch.push(delivery);
          this.#startWriting();
        }),
      );
    }
    this.#sweeping = this.#sweep();
    void this.#reportStranded().catch((error: unknown) =>
      this.deps.log.debug('parked runs were not compared with the flows', { error: messageOf(error) }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await this.#writing;
    await this.#sweeping;
  }

  /**
   * Replays a parked run from the step at which it failed. Finished steps keep their outputs, and calls keep their ids.
   *
   * @returns the id of the run that continues
   * @throws NOT_PARKED, REPLAY_REFUSED when the run is not parked (any more)
   * @throws FLOW_CHANGED when its step no longer exists: only `fromStart` or other data replay it then, and may repeat calls under other
   *   ids
   */
  async replay(run: string, options: ReplayOptions = {}): Promise<string> {
    const parked = await this.deps.store.parked.get(run);
    if (!parked) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    if (parked.flow === UNKNOWN_FLOW) {
      throw engineFail.CONFIG_INVALID(`run ${run} cannot be replayed: its message does not say which flow it belongs to`);
    }
    if (parked.state !== 'parked' && parked.state !== 'replaying') throw notReplayable(parked);
    if (options.data !== undefined) return this.#replayEdited(parked, options.data);
    if (options.fromStart !== true) await this.#refuseStranded(parked);
    if (options.fromStart === true) await this.#publishUnmarked(parked, again(parked, true, this.deps.clock.now()));
    else await this.#publishMarked(parked);
    this.#journal(parked, 'replayed');
    return run;
  }

  /** Returns the ids of the calls in the journal of the run: a replay from the start may repeat them under other ids. */
  async callsOf(run: string): Promise<readonly string[]> {
    const entries = await this.deps.store.journal.find(run);
    const steps = entries.filter((entry) => entry.run === run && entry.kind === 'called').map(({ step }) => step ?? '');
    return [...new Set(steps)].map((step) => `${run}/${step}`);
  }

  /**
   * Refuses a run whose step no longer exists. It could only begin at the first step, where its calls get other ids: a person has to
   * decide.
   */
  async #refuseStranded(parked: ParkedRun): Promise<void> {
    const where = this.#strandedAt(parked);
    if (where === undefined) return;
    const { at, result } = decodeRun(parked.message).state;
    const kept = result?.ok === true && at !== undefined ? [`${parked.run}/${at}`] : [];
    const calls = [...new Set([...(await this.callsOf(parked.run)), ...kept])];
    const made = calls.length === 0 ? 'no call of it is in the journal' : `calls made: ${calls.join(', ')}`;
    throw engineFail.FLOW_CHANGED(`run ${parked.run} cannot go on: ${where} (${made})`);
  }

  /** Returns the reason why the run cannot continue at its step; undefined when it can. */
  #strandedAt({ flow, step, error, event }: ParkedSummary): string | undefined {
    if (moduleFailure(event)) return undefined;
    const standing = this.deps.presenceOf(flow, step ?? '');
    if (standing === 'flow-gone') return `the flow ${flow} is not there any more`;
    // earlier releases did not record the step
    if (step === undefined) return error.code === 'FLOW_CHANGED' ? `its step is not in ${flow} any more` : undefined;
    return standing === 'step-gone' ? `${flow} has no step "${step}" any more` : undefined;
  }

  /** Reports once, at the start, how many parked runs stand at steps that this revision of the flows does not have. */
  async #reportStranded(): Promise<void> {
    const runs = await this.deps.store.parked.list({ state: 'parked', limit: MAX_LOOKED_THROUGH });
    const counts = new Map<string, number>();
    for (const run of runs) {
      const where = this.#strandedAt(run);
      if (where !== undefined) counts.set(where, (counts.get(where) ?? 0) + 1);
    }
    for (const [where, count] of counts) {
      this.deps.log.warn(`parked runs cannot go on: ${where}`, {
        runs: count,
        cure: 'bring it back and replay them, or replay them with --from-start',
      });
    }
  }

  async #replayEdited(parked: ParkedRun, data: unknown): Promise<string> {
    const { outgoing, run, claim } = edited(parked, data, this.deps.clock.now());
    // without a new id the new run would be skipped as a duplicate of the old one
    if (claim !== undefined) await this.deps.store.claims.giveBack(parked.flow, claim, parked.run);
    await this.#publishUnmarked(parked, outgoing);
    this.#journal(parked, 'replayed');
    return run;
  }

  /** Marks the run as `replaying` before the publish: after a crash in between, the sweeper publishes it again. */
  async #publishMarked(parked: ParkedRun): Promise<void> {
    if (!(await this.deps.store.parked.replaying(parked.run, parked.epoch))) throw notReplayable(parked);
    await this.#publishAgain(parked);
  }

  /**
   * Publishes without a mark, since the sweeper has only the old data and the failed step. When a host dies before the row is changed, the
   * run stays parked; a second replay of the same kind has the same ids.
   */
  async #publishUnmarked(parked: ParkedRun, outgoing: Outgoing): Promise<void> {
    await this.deps.bus.publish([outgoing]);
    await this.deps.store.parked.replayed(parked.run, parked.epoch);
  }

  /** Drops a parked run for good. Rejects when it is not parked. */
  async drop(run: string): Promise<void> {
    const parked = await this.deps.store.parked.get(run);
    if (!parked || !(await this.deps.store.parked.drop(run, parked.epoch)))
      throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    this.#journal(parked, 'dropped');
  }

  /** One write at a time. Runs that arrive during a write are in the next one. */
  #startWriting(): void {
    if (this.#writing || this.#batch.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      this.#startWriting();
    });
  }

  async #write(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = this.#readable(this.#batch.splice(0));
      if (batch.length > 0) await this.#park(batch);
    }
  }

  /** Returns states of a newer release to the queue: a host of that release adds them. */
  #readable(deliveries: readonly Delivery[]): Parked[] {
    const batch: Parked[] = [];
    for (const delivery of deliveries) {
      const read = readParked(delivery, this.deps.clock.now());
      if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
      else batch.push({ delivery, row: read.row });
    }
    return batch;
  }

  /** Waits while the database is away. Returns the runs to the queue when the host stops during the wait. */
  async #park(batch: readonly Parked[]): Promise<void> {
    for (;;) {
      try {
        await this.deps.store.parked.add(batch.map(({ row }) => row));
        for (const { delivery } of batch) delivery.settle([]);
        return;
      } catch (error) {
        if (!isSluiceError(error) && batch.some(({ refused }) => refused !== true)) return this.#parkEach(batch, error);
        this.deps.log.warn('parked runs wait in their queue: the database does not take them', { error: messageOf(error) });
      }
      if (this.deps.signal.aborted) {
        for (const { delivery } of batch) delivery.release();
        return;
      }
      await pause(this.deps.clock, AWAY_PAUSE_MS, this.deps.signal);
    }
  }

  /** Handles a row that the database refuses. It must not block other rows, so its message is parked as unreadable. */
  async #parkEach(batch: readonly Parked[], error: unknown): Promise<void> {
    if (batch.length > 1) {
      for (const parked of batch) await this.#park([parked]);
      return;
    }
    for (const { delivery, row } of batch) {
      const reason = messageOf(error);
      this.deps.log.error('the database refuses a parked run: its message is parked as one that cannot be read', {
        queue: delivery.queue,
        run: row.run,
        reason,
      });
      const refusal = engineFail.POISON(`the database refuses the state of the run: ${reason}`);
      await this.#park([{ delivery, row: unreadableRow(delivery, refusal, this.deps.clock.now()), refused: true }]);
    }
  }

  /** Publishes replays again whose host died between the publish and the change of the row, under the same ids. */
  async #sweep(): Promise<void> {
    while (!this.deps.signal.aborted) {
      const stuck = await this.deps.store.parked.stuck(STUCK_MS).catch((error: unknown) => this.#putOff(error));
      for (const parked of stuck ?? []) await this.#publishAgain(parked).catch((error: unknown) => this.#putOff(error));
      await pause(this.deps.clock, SWEEP_MS, this.deps.signal, { ref: false });
    }
  }

  async #publishAgain(parked: ParkedRun): Promise<void> {
    await this.deps.bus.publish([again(parked, false, this.deps.clock.now())]);
    await this.deps.store.parked.replayed(parked.run, parked.epoch);
  }

  #putOff(error: unknown): undefined {
    this.deps.log.debug('the sweep for replays is put off', { error: messageOf(error) });
  }

  #journal(parked: ParkedRun, kind: 'replayed' | 'dropped'): void {
    const { step } = parked;
    this.deps.store.journal.write(journalEntry(parked, kind, this.deps.clock.now(), step === undefined ? {} : { step }));
  }
}

function notReplayable({ run, state }: ParkedRun): SluiceError {
  return engineFail.REPLAY_REFUSED(`run ${run} is not parked any more: it was ${state}`);
}

function again(parked: ParkedRun, fromStart: boolean, now: number): Outgoing {
  const failed = moduleFailure(parked.event);
  if (failed) return { queue: failed.queue, message: withoutFailure(parked) };
  const { state, body } = decodeRun(parked.message);
  const { parked: error, call: _call, result, at, ...kept } = state;
  // the call was made although its step no longer existed: the run continues after it
  const goesOn = !fromStart && result?.ok === true && error?.error.code === 'FLOW_CHANGED';
  const replay: RunState = {
    ...kept,
    kind: 'replay',
    startedAt: now,
    epoch: parked.epoch + 1,
    steps: fromStart ? {} : state.steps,
    ...(at !== undefined && !fromStart && { at }),
    ...(goesOn && { result }),
  };
  return { queue: queues.next(parked.flow), message: runMessage({ state: replay, body }, now) };
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && bodyKind(contentType) === 'json';
}

/** Other data need another run id, or the remote system would answer with its stored result for the old one. */
function edited(parked: ParkedRun, data: unknown, now: number): { outgoing: Outgoing; run: string; claim: string | undefined } {
  const id = derivedId(parked.run, 'edited', parked.epoch + 1);
  // a form or XML that was edited as data is JSON from then on
  const written = parked.event.datacontenttype;
  const { body, datacontenttype } = writeData(data, typeof data === 'string' || isJson(written) ? written : undefined);
  const { replyto: _replyto, contentencoding: _contentencoding, ...event } = parked.event;
  const attributes = {
    ...event,
    id,
    causationid: parked.event.id,
    acceptedat: now,
    ...(datacontenttype !== undefined && { datacontenttype }),
  };
  const { claim } = decodeRun(parked.message).state;
  return {
    outgoing: { queue: queues.flow(parked.flow), message: { attributes, body } },
    run: runId(event.source, id, parked.flow),
    claim,
  };
}

/** Returns the row of a message of one of the two queues; only the version when a newer release has written its state. */
function readParked(
  delivery: Delivery,
  now: number,
): { readonly kind: 'row'; readonly row: ParkedRow } | { readonly kind: 'newer'; readonly version: number } {
  const { message } = delivery;
  if (!isRun(message)) return { kind: 'row', row: eventRow(delivery, now) };
  const read = readRun(message.body);
  switch (read.kind) {
    case 'newer':
      return read;
    case 'run':
      return { kind: 'row', row: runRow(read.run, message.body, now) };
    case 'unreadable':
      return { kind: 'row', row: unreadableRow(delivery, engineFail.POISON(read.reason), now) };
  }
}

function runRow({ state }: RunMessage, message: Buffer, now: number): ParkedRow {
  const error = state.parked?.error ?? viewError(engineFail.POISON('the broker gave the run up after too many deliveries'));
  return {
    run: state.run,
    epoch: state.epoch,
    flow: state.flow,
    revision: state.revision,
    event: state.event,
    error,
    parkedAt: new Date(state.parked?.at ?? now),
    message,
    ...(state.at !== undefined && { step: state.at }),
  };
}

/** The record of a NestJS handler of a plugin's module that has no further attempt: the queue that it consumes, and the error. */
interface ModuleFailure {
  readonly queue: string;
  readonly error: ErrorView;
}

function moduleFailure(event: EventAttributes): ModuleFailure | undefined {
  const failure = event.meta?.module as Partial<ModuleFailure> | null | undefined;
  const { queue, error } = failure ?? {};
  return typeof queue === 'string' && typeof error?.code === 'string' ? { queue, error } : undefined;
}

function withoutFailure(parked: ParkedRun): EventMessage {
  const { module: _module, ...meta } = parked.event.meta ?? {};
  return { attributes: { ...parked.event, meta }, body: decodeRun(parked.message).body };
}

/** Returns the row of an event on which a handler failed, or of a message that the broker no longer delivers. */
function eventRow(delivery: Delivery, now: number): ParkedRow {
  const failed = moduleFailure(delivery.message.attributes);
  if (failed) return keptRow(delivery, failed.queue, failed.error, now);
  return unreadableRow(delivery, engineFail.POISON('the broker gave the event up after too many deliveries'), now);
}

function unreadableRow(delivery: Delivery, error: SluiceError, now: number): ParkedRow {
  return keptRow(delivery, UNKNOWN_FLOW, viewError(error), now);
}

/** Keeps the whole message, so that a person can inspect it. */
function keptRow({ message }: Delivery, flow: string, error: ErrorView, now: number): ParkedRow {
  const { attributes, body } = message;
  const run = runId(attributes.source, attributes.id, flow);
  const state: RunState = {
    run,
    epoch: 0,
    flow,
    revision: '',
    event: attributes,
    startedAt: now,
    steps: {},
    kind: 'parked',
    parked: { error, at: now },
  };
  return {
    run,
    epoch: 0,
    flow,
    revision: '',
    event: attributes,
    error,
    parkedAt: new Date(now),
    message: encodeRun({ state, body }),
  };
}
