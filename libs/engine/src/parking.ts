import {
  derivedId,
  engineFail,
  runId,
  viewError,
  type ErrorView,
  type EventAttributes,
  type EventMessage,
  type Log,
  type SluiceError,
} from '@sluice/plugin-api';
import { writeData } from './event-data.js';
import { pause } from './lease.js';
import { messageOf } from './message-of.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from './ports/bus.js';
import type { ParkedRun, Store } from './ports/store.js';
import { decodeRun, encodeRun, isRun, runMessage, type RunState } from './run-state.js';

const PREFETCH = 100;
const AWAY_PAUSE_MS = 1_000;
const SWEEP_MS = 30_000;
const STUCK_MS = 60_000;
const UNKNOWN_FLOW = 'unknown';

export interface ReplayOptions {
  /** Other data for the trigger: the replay is a new run then, with the old one as its cause. */
  readonly data?: unknown;
  /** Begin at the first step, with no outputs kept. */
  readonly fromStart?: boolean;
}

/**
 * Puts failed runs aside and brings them back. A run is parked by a message to the queue `parked`, so that PostgreSQL may be away; it is
 * acknowledged there after the row was committed.
 */
export class Parking {
  readonly #consumers: Consumer[] = [];
  #batch: Delivery[] = [];
  #writing: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly store: Store,
    private readonly log: Log,
    private readonly signal: AbortSignal,
  ) {}

  async start(): Promise<void> {
    for (const queue of [queues.parked, queues.poison]) {
      await this.bus.declare({ queue });
      this.#consumers.push(
        await this.bus.consume(queue, { prefetch: PREFETCH }, (delivery) => {
          this.#batch.push(delivery);
          this.#startWriting();
        }),
      );
    }
    this.#sweeping = this.#sweep();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await this.#writing;
    await this.#sweeping;
  }

  /**
   * Runs a parked run again from the step at which it failed; finished steps keep their outputs, and calls keep their ids.
   * Gives the id of the run that goes on. Rejects when the run is not parked.
   */
  async replay(run: string, options: ReplayOptions = {}): Promise<string> {
    const parked = await this.store.parked.get(run);
    if (!parked) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    if (parked.flow === UNKNOWN_FLOW) {
      throw engineFail.CONFIG_INVALID(`run ${run} cannot be replayed: its message does not say which flow it belongs to`);
    }
    if (parked.state !== 'parked' && parked.state !== 'replaying') throw notReplayable(parked);
    if (options.data !== undefined) return this.#replayEdited(parked, options.data);
    if (options.fromStart === true) await this.#publishUnmarked(parked, again(parked, true));
    else await this.#publishMarked(parked);
    this.#journal(parked, 'replayed');
    return run;
  }

  async #replayEdited(parked: ParkedRun, data: unknown): Promise<string> {
    const { outgoing, id, claim } = edited(parked, data);
    // the new run is another: it would be skipped as a duplicate of the old one
    if (claim !== undefined) await this.store.claims.giveBack(parked.flow, claim, parked.run);
    await this.#publishUnmarked(parked, outgoing);
    this.#journal(parked, 'replayed');
    return id;
  }

  /** Marked first: whatever happens then, a sweeper publishes it again. */
  async #publishMarked(parked: ParkedRun): Promise<void> {
    if (!(await this.store.parked.replaying(parked.run, parked.epoch))) throw notReplayable(parked);
    await this.#publishAgain(parked);
  }

  /**
   * The sweeper knows the old data and the failed step alone, and would send those. A host that dies before the row is changed leaves the
   * run parked; replayed again in the same way, it has the same ids.
   */
  async #publishUnmarked(parked: ParkedRun, outgoing: Outgoing): Promise<void> {
    await this.bus.publish([outgoing]);
    await this.store.parked.replayed(parked.run, parked.epoch);
  }

  /** Gives a parked run up for good. Rejects when it is not parked. */
  async drop(run: string): Promise<void> {
    const parked = await this.store.parked.get(run);
    if (!parked || !(await this.store.parked.drop(run, parked.epoch))) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    this.#journal(parked, 'dropped');
  }

  /** One write at a time; what came while one was ending begins the next. */
  #startWriting(): void {
    if (this.#writing || this.#batch.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      this.#startWriting();
    });
  }

  async #write(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = this.#batch.splice(0);
      const rows = batch.map(rowOf);
      while (!(await this.#added(rows))) {
        if (this.signal.aborted) {
          for (const delivery of batch) delivery.release();
          return;
        }
        await pause(AWAY_PAUSE_MS, this.signal);
      }
      for (const delivery of batch) delivery.settle([]);
    }
  }

  async #added(rows: readonly Omit<ParkedRun, 'state'>[]): Promise<boolean> {
    try {
      await this.store.parked.add(rows);
      return true;
    } catch (error) {
      this.log.warn('parked runs wait in their queue: the database does not take them', { error: messageOf(error) });
      return false;
    }
  }

  /** A host may have died between publishing a replay and noting it: published again, under the same ids. */
  async #sweep(): Promise<void> {
    while (!this.signal.aborted) {
      const stuck = await this.store.parked.stuck(STUCK_MS).catch((error: unknown) => this.#putOff(error));
      for (const parked of stuck ?? []) await this.#publishAgain(parked).catch((error: unknown) => this.#putOff(error));
      await pause(SWEEP_MS, this.signal);
    }
  }

  async #publishAgain(parked: ParkedRun): Promise<void> {
    await this.bus.publish([again(parked, false)]);
    await this.store.parked.replayed(parked.run, parked.epoch);
  }

  #putOff(error: unknown): undefined {
    this.log.debug('the sweep for replays is put off', { error: messageOf(error) });
  }

  #journal(parked: ParkedRun, kind: 'replayed' | 'dropped'): void {
    this.store.journal.write({
      at: new Date(),
      flow: parked.flow,
      run: parked.run,
      eventId: parked.event.id,
      eventSource: parked.event.source,
      eventType: parked.event.type,
      ...(parked.event.causationid !== undefined && { causationid: parked.event.causationid }),
      kind,
      ...(parked.step !== undefined && { step: parked.step }),
    });
  }
}

function notReplayable({ run, state }: ParkedRun): SluiceError {
  return engineFail.CONFIG_INVALID(`run ${run} is ${state}: only a parked run can be replayed`);
}

function again(parked: ParkedRun, fromStart: boolean): Outgoing {
  const failed = moduleFailure(parked.event);
  if (failed) return { queue: failed.queue, message: withoutFailure(parked) };
  const { state, body } = decodeRun(parked.message);
  const { parked: _error, call: _call, result: _result, at, ...kept } = state;
  const replay: RunState = {
    ...kept,
    kind: 'replay',
    startedAt: Date.now(),
    epoch: parked.epoch + 1,
    steps: fromStart ? {} : state.steps,
    ...(at !== undefined && !fromStart && { at }),
  };
  return { queue: queues.next(parked.flow), message: runMessage({ state: replay, body }) };
}

/** With other data it is another run, or the other side would answer with what it did for the old one. */
function edited(parked: ParkedRun, data: unknown): { outgoing: Outgoing; id: string; claim: string | undefined } {
  const id = derivedId(parked.run, 'edited', parked.epoch + 1);
  const { body, datacontenttype } = writeData(data, parked.event.datacontenttype);
  const { replyto: _replyto, ...event } = parked.event;
  const attributes = {
    ...event,
    id,
    causationid: parked.event.id,
    acceptedat: Date.now(),
    ...(datacontenttype !== undefined && { datacontenttype }),
  };
  const { claim } = decodeRun(parked.message).state;
  return { outgoing: { queue: queues.flow(parked.flow), message: { attributes, body } }, id, claim };
}

function rowOf(delivery: Delivery): Omit<ParkedRun, 'state'> {
  const { message } = delivery;
  try {
    if (isRun(message)) {
      const { state } = decodeRun(message.body);
      const error = state.parked?.error ?? viewError(engineFail.POISON('the broker gave the run up after too many deliveries'));
      return {
        run: state.run,
        epoch: state.epoch,
        flow: state.flow,
        revision: state.revision,
        event: state.event,
        error,
        parkedAt: new Date(state.parked?.at ?? Date.now()),
        message: message.body,
        ...(state.at !== undefined && { step: state.at }),
      };
    }
  } catch {
    // not readable: kept as it is, below
  }
  return eventRow(delivery);
}

/** What a NestJS handler of a plugin's module leaves when it has failed for good: which queue it consumes, and why it failed. */
interface ModuleFailure {
  readonly queue: string;
  readonly error: ErrorView;
}

function moduleFailure(event: EventAttributes): ModuleFailure | undefined {
  const failure = event.meta?.module as Partial<ModuleFailure> | undefined;
  return failure?.queue !== undefined && failure.error !== undefined ? { queue: failure.queue, error: failure.error } : undefined;
}

function withoutFailure(parked: ParkedRun): EventMessage {
  const { module: _module, ...meta } = parked.event.meta ?? {};
  return { attributes: { ...parked.event, meta }, body: decodeRun(parked.message).body };
}

/** An event that a handler failed on, or a message that the broker gave up: kept whole, so that a person can look at it. */
function eventRow({ message }: Delivery): Omit<ParkedRun, 'state'> {
  const { attributes, body } = message;
  const failed = moduleFailure(attributes);
  const flow = failed?.queue ?? UNKNOWN_FLOW;
  const run = runId(attributes.source, attributes.id, flow);
  const error = failed?.error ?? viewError(engineFail.POISON('the broker gave the message up, or it is not the state of a run'));
  const state: RunState = {
    run,
    epoch: 0,
    flow,
    revision: '',
    event: attributes,
    startedAt: Date.now(),
    steps: {},
    kind: 'parked',
    parked: { error, at: Date.now() },
  };
  return {
    run,
    epoch: 0,
    flow,
    revision: '',
    event: attributes,
    error,
    parkedAt: new Date(),
    message: encodeRun({ state, body }),
  };
}
